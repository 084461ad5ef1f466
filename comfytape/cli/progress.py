"""A bar per job on a terminal; a line per change of state elsewhere."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from comfytape.cli.printable import printable
from comfytape_recorder.ledger import label_of

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console
    from rich.progress import TaskID

__all__ = ["RecordingProgress"]

FINAL = frozenset({"CANCELLED", "COMPLETED", "EXPIRED", "FAILED", "REFUSED", "TIMED_OUT"})


class RecordingProgress:
    """Shows samples while they run, the number done with an estimate of the time left, and the cost so far."""

    def __init__(self, console: Console, samples: int, *, priced: bool) -> None:
        self.console = console
        self.priced = priced
        self.lock = threading.Lock()
        self.shown: dict[int | str, str] = {}
        self.tasks: dict[int | str, TaskID] = {}
        self.bars = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(),
            TimeRemainingColumn(), TextColumn("{task.fields[detail]}"),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self.overall = self.bars.add_task("jobs", total=samples, detail="")

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bars.stop()

    def job(self, sample: int | str, status: str, elapsed_s: float, spent_usd: float) -> None:
        """Show a sample's state."""
        with self.lock:
            money = f"≤ {spent_usd:.4f} USD" if self.priced else ""
            changed = self.shown.get(sample) != status
            self.shown[sample] = status
            if not self.console.is_terminal:
                if changed:
                    self.console.print(f"{label_of(sample)}: {status} after {elapsed_s:.1f} s {money}".rstrip())
                return
            if sample not in self.tasks:
                self.tasks[sample] = self.bars.add_task(label_of(sample), total=None, detail="")
            self.bars.update(self.tasks[sample], detail=f"{status} {elapsed_s:.1f} s")
            if status in FINAL and changed:
                self.bars.remove_task(self.tasks.pop(sample))
                self.bars.update(self.overall, advance=1)
            self.bars.update(self.overall, detail=money)

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self.bars.console.print(escape(printable(text)))
