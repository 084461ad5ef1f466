"""Widgets: a named value of a node, and what happens to the value on its way in and out.

Sources: ComfyUI_frontend 1.36.14, src/renderer/extensions/vueNodes/widgets/composables/*.ts (one file a type),
src/scripts/domWidget.ts (text areas keep their text in the page's own element), src/scripts/widgets.ts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from comfytape_contracts.convert.javascript import UNDEFINED, fixed, rounded, to_number, to_text, truthy

__all__ = ["Cell", "FileCell", "FixedCell", "KeptTextCell", "NumberRange", "TextCell", "Widget"]


class Cell:
    """Keeps a value as it is given."""

    def __init__(self, value: Any = UNDEFINED) -> None:
        self._value = value

    def read(self) -> Any:
        """The value as the prompt would have it."""
        return self._value

    def write(self, value: Any) -> None:
        """Sets the value."""
        self._value = value


class TextCell(Cell):
    """A text area: whatever is put in comes out as text, with a line feed for every line end; null as empty."""

    def __init__(self, value: Any = "") -> None:
        super().__init__()
        self.write(value)

    def write(self, value: Any) -> None:
        """Sets the text."""
        text = "" if value is None else to_text(value)
        self._value = text.replace("\r\n", "\n").replace("\r", "\n")


class KeptTextCell(Cell):
    """A text area of newer frontends: they keep the value itself, only null is shown as empty text."""

    def read(self) -> Any:
        """The value, or empty text."""
        return "" if self._value is None else self._value


class FixedCell(Cell):
    """A view that the page draws, such as a 3D preview: its value cannot be set."""

    def write(self, value: Any) -> None:
        """Does nothing."""


class FileCell(Cell):
    """The file name of an upload combo: ``name``, ``name [output]``; nothing falls back to the first file."""

    _ANNOTATED = re.compile(r"\[(input|output|temp)\]", re.IGNORECASE)

    def __init__(self, initial: Any, *, folder: Any, batch: bool) -> None:
        super().__init__(to_text(initial))
        self._initial = self._value
        self._folder = folder
        self._batch = batch

    def read(self) -> Any:
        """The annotated path, or a list of them where the input takes a batch."""
        value = self._value
        if not truthy(value):
            return self._initial
        if isinstance(value, list):
            paths = [self._path(item) for item in value]
            return paths if self._batch else (paths[0] if paths else self._initial)
        return self._path(value)

    def _path(self, item: Any) -> Any:
        if isinstance(item, str):
            return item + self._annotation(item)
        if not isinstance(item, Mapping):
            return item
        name, folder, kind = (item.get(key) for key in ("filename", "subfolder", "type"))
        path = to_text(name) if name is not None else ""
        path = f"{to_text(folder)}/{path}" if truthy(folder) else path
        return path + (self._annotation(kind) if isinstance(kind, str) and kind else "")

    def _annotation(self, text: str) -> str:
        marked = self._ANNOTATED.search(text) is not None or self._folder == "input"
        return "" if marked else f" [{to_text(self._folder)}]"


@dataclass(frozen=True)
class NumberRange:
    """What a number widget does to a value that another widget pushes into it."""

    low: float
    high: float
    step: float
    whole: bool
    digits: int = 0
    grain: float = 0.0

    def snap(self, value: Any) -> Any:
        """The widget's own callback (useIntWidget and useFloatWidget): to the step, or to the rounding grain."""
        number = to_number(value)
        if not self.whole:
            if not self.grain:
                return value
            number = fixed(rounded(number / self.grain) * self.grain, self.digits)
            return min(max(number, self.low), self.high)
        if self.step == 1:
            return rounded(number)
        if not math.isfinite(number):
            return number
        offset = math.fmod(self.low, self.step) if math.isfinite(self.low) else 0.0
        return rounded((number - offset) / self.step) * self.step + offset

    def clamp(self, value: Any) -> Any:
        """The nearest value within the range."""
        number = to_number(value)
        return self.low if number < self.low else self.high if number > self.high else value


@dataclass(eq=False)
class Widget:
    """One widget.

    Attributes:
        kind: the frontend's widget type, in lower case.
        saved: it takes one element of a node's ``widgets_values``.
        prompted: it appears in the prompt.
        range: for numbers.
        dynamic: ``{a|b}`` in its text is resolved.
        replaced: ``%Node.widget%`` in its text is resolved.
        shared: promoting it shares the value instead of copying it (text areas).
        on_set: called after every new value.
        rendered: why the value comes into being only when the page sends the prompt; then the node is refused.
    """

    name: str
    kind: str
    cell: Cell = field(default_factory=Cell)
    saved: bool = True
    prompted: bool = True
    range: NumberRange | None = None
    dynamic: bool = False
    replaced: bool = False
    shared: bool = False
    on_set: Callable[[Any], None] | None = None
    rendered: str = ""

    @property
    def value(self) -> Any:
        """The current value."""
        return self.cell.read()

    @value.setter
    def value(self, value: Any) -> None:
        self.cell.write(value)
        if self.on_set is not None:
            self.on_set(value)

    def push(self, value: Any) -> None:
        """A value from a primitive node: set, then passed through the widget's own callback."""
        self.value = value
        if self.range is not None:
            self.value = self.range.snap(self.value)

    def copy_as(self, name: str) -> Widget:
        """The widget that a subgraph's instance shows for an inner one."""
        cell = self.cell if self.shared else Cell(self.value)
        return Widget(
            name=name,
            kind=self.kind,
            cell=cell,
            saved=self.saved,
            prompted=self.prompted,
            range=self.range,
            shared=self.shared,
        )
