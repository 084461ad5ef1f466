"""The few rules of JavaScript that a prompt depends on, for the frontend is a JavaScript program."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

__all__ = [
    "UNDEFINED",
    "Undefined",
    "as_json",
    "fixed",
    "ordered_keys",
    "rounded",
    "to_number",
    "to_text",
    "truthy",
]


class Undefined:
    """JavaScript's ``undefined``: ``JSON.stringify`` leaves such a key out."""

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined()
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_NUMERAL = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|Infinity)")


def _number(value: float) -> int | float | None:
    """A number as it comes out of ``JSON.parse`` and ``JSON.stringify``: one double, shortest digits.

    So 1.0 is written 1, 18446744073709551615 becomes 18446744073709552000, and NaN becomes null.
    """
    if isinstance(value, int) and -(2**53) <= value <= 2**53:
        return value
    try:
        double = float(value)
    except OverflowError:
        return None
    if not math.isfinite(double):
        return None
    if abs(double) < 1e21 and double.is_integer():
        return int(Decimal(repr(double)))
    return double


def _scalar(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return _number(value)
    return None if isinstance(value, Undefined) else str(value)


def as_json(value: Any) -> Any:
    """A deep copy of parsed JSON with every number as JavaScript would write it. Iterative: any depth will do."""
    root: list[Any] = [value]
    todo: list[tuple[Any, Any, Any]] = [(root, 0, value)]
    while todo:
        holder, key, item = todo.pop()
        copy: Any
        if isinstance(item, Mapping):
            copy = dict.fromkeys(item)
            todo.extend((copy, name, member) for name, member in item.items())
        elif isinstance(item, list | tuple):
            copy = [None] * len(item)
            todo.extend((copy, index, member) for index, member in enumerate(item))
        else:
            copy = _scalar(item)
        holder[key] = copy
    return root[0]


def ordered_keys(mapping: Mapping[str, Any]) -> list[str]:
    """Keys in the order in which a JavaScript object has them: array indices ascending, then the rest as inserted."""
    indices = sorted((key for key in mapping if _INDEX.fullmatch(key)), key=int)
    return indices + [key for key in mapping if not _INDEX.fullmatch(key)]


def truthy(value: Any) -> bool:
    """JavaScript's truth: empty lists and objects count as true, NaN does not."""
    if isinstance(value, Mapping | list | tuple):
        return True
    if isinstance(value, float) and math.isnan(value):
        return False
    return not isinstance(value, Undefined) and bool(value)


def to_text(value: Any) -> str:
    """``String(value)``."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number_text(value)
    if isinstance(value, list | tuple):
        return ",".join(_joined(value))
    return "undefined" if isinstance(value, Undefined) else "[object Object]"


def _joined(value: list[Any] | tuple[Any, ...]) -> list[str]:
    """The members of an array as ``Array.join`` prints them; arrays in arrays are printed in place."""
    parts: list[str] = []
    todo: list[Any] = list(reversed(value))
    while todo:
        item = todo.pop()
        if isinstance(item, list | tuple):
            if item:
                todo.extend(reversed(item))
            else:
                parts.append("")
        else:
            parts.append("" if item is None else to_text(item))
    return parts


def _number_text(value: float) -> str:
    number = _number(value)
    if number is None:
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")  # noqa: PLR0124
    if isinstance(number, int):
        return str(number)
    text = repr(number)
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    if -6 <= int(exponent) < 0:
        return format(Decimal(text), "f")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"


def to_number(value: Any) -> float:
    """``Number(value)``, NaN where JavaScript says NaN."""
    if isinstance(value, bool) or value is None:
        return float(bool(value))
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if isinstance(value, str):
        stripped = value.strip()
        if not stripped:
            return 0.0
        return float(stripped) if _NUMERAL.fullmatch(stripped) else math.nan
    if isinstance(value, list | tuple):
        return to_number(to_text(value))
    return math.nan


def rounded(value: float) -> float:
    """``Math.round``: halves go up, also below zero."""
    return math.floor(value + 0.5) if math.isfinite(value) else value


def fixed(value: float, digits: int) -> float:
    """``Number(value.toFixed(digits))``: the double's exact decimal value, halves away from zero."""
    if not math.isfinite(value) or abs(value) >= 1e21:
        return value
    return float(Decimal(value).quantize(Decimal(1).scaleb(-min(digits, 100)), rounding=ROUND_HALF_UP))
