"""Whether a literal value passes (ComfyUI execution.py validate_inputs, 0.3.30–0.33.0).

The server converts with Python's own int, float, str and bool, so they are what is used here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from comfytape_contracts.inventory.spec import MODEL_SUFFIXES
from comfytape_contracts.lint.odd_combos import BY_ENDING, UNCHECKED, ends_like_an_option
from comfytape_contracts.lint.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comfytape_contracts.inventory import InputSpec
    from comfytape_contracts.lint.behaviour import Behaviour

__all__ = ["check_value", "converted", "unwrapped"]

_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


def unwrapped(value: Any) -> Any:
    """The value inside ``{"__value__": …}``, the wrapper that lets a list be a value and not a link."""
    return value["__value__"] if isinstance(value, dict) and "__value__" in value else value


def converted(kind: Any, value: Any) -> Any:
    """The value as the server converts it for an input of this type.

    Raises:
        ValueError, TypeError, OverflowError, RecursionError: it cannot be converted.
    """
    convert = _CONVERSIONS.get(kind) if isinstance(kind, str) else None
    return convert(value) if convert else value


def check_value(
    spec: InputSpec, value: Any, behaviour: Behaviour, *, skip_limits: bool, oddity: str | None = None
) -> Problem | None:
    """The first thing the server has against a literal value, or None.

    ``skip_limits`` is for inputs that the class checks itself: range and options do not apply to them.
    ``oddity`` says how the server compares this combo's options, where it does so in its own way.

    Raises:
        TypeError, IndexError, AttributeError, KeyError: the server fails on it too, such as a text compared with
            the minimum of an input that takes numbers from a link.
    """
    kind, options = _parts(spec.raw)
    value = unwrapped(value)
    try:
        value = converted(kind, value)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return _problem("value-not-convertible", "invalid_input_type", spec, value)
    if skip_limits:
        return None
    if "min" in options and value < options["min"]:
        return _problem("value-below-minimum", "value_smaller_than_min", spec, value)
    if "max" in options and value > options["max"]:
        return _problem("value-above-maximum", "value_bigger_than_max", spec, value)
    problem = _check_option(spec, kind, options, value, behaviour)
    if problem is not None and oddity == BY_ENDING and ends_like_an_option(value, spec.choices or ()):
        return None
    if problem is not None and oddity == UNCHECKED:
        return replace(problem, rule="unchecked-option", server_error=None)
    return problem


def _parts(raw: Any) -> tuple[Any, Any]:
    options = raw[1] if len(raw) > 1 else {}
    if options is None:
        raise TypeError("an input without options")
    return raw[0], options


def _check_option(spec: InputSpec, kind: Any, options: Any, value: Any, behaviour: Behaviour) -> Problem | None:
    if isinstance(kind, list):
        choices = kind
    elif kind == "COMBO":
        choices = options.get("options", [])
    else:
        return None
    several = behaviour.checks_multiselect and options.get("multiselect", False) and isinstance(value, list)
    wrong = [each for each in (value if several else [value]) if each not in choices]
    if not wrong:
        return None
    if kind == "COMBO" and not behaviour.checks_v3_options:
        return _problem("unchecked-option", None, spec, value)
    rule = "file-not-available" if spec.is_file or _names_file(wrong[0]) else "value-not-in-list"
    return _problem(rule, "value_not_in_list", spec, wrong[0])


def _names_file(value: Any) -> bool:
    return isinstance(value, str) and value.lower().endswith(MODEL_SUFFIXES)


def _problem(rule: str, server_error: str | None, spec: InputSpec, value: Any) -> Problem:
    return Problem(rule=rule, input=spec.name, server_error=server_error, spec=spec, value=value)
