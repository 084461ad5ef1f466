"""What was told already, in a file that CI can keep: read whole, written whole or not at all, one writer at a time."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - the dataclass is read at run time
from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter, ValidationError

from comfytape.alerts.change import Stream  # noqa: TC001 - pydantic reads the dataclasses at run time
from comfytape_cassettes import CassetteError, UsageError
from comfytape_cassettes.lock import lock_exclusively

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["State", "StateFile"]

LOCK_WAIT_S = 60.0
"""As long as another run may take with slow channels."""
LOCK_POLL_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Streams by name. ``format`` says how the file is read; another one is refused, not guessed at."""

    tool: Literal["comfytape-alerts"] = "comfytape-alerts"
    format: Literal[1] = 1
    streams: dict[str, Stream] = field(default_factory=dict)


STATE = TypeAdapter(State)


@dataclass(frozen=True, slots=True)
class StateFile:
    """A state file."""

    path: Path

    def read(self) -> State:
        """The state; a file that is not there is an empty one.

        Raises:
            UsageError: it cannot be read, is damaged, or is of another format.
        """
        try:
            return STATE.validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise UsageError(f"the alert state {self.path} cannot be read: {error.strerror}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(key) for key in first["loc"])
            raise UsageError(
                f"{self.path} is no alert state of this version: {where or 'the file'}: {first['msg']}",
                hint="delete it, and everything that is open is told once more",
            ) from None

    def write(self, state: State) -> None:
        """Replace the file.

        Raises:
            UsageError: it cannot be written.
        """
        part = self.path.with_name(f".{self.path.name}.part")
        try:
            with part.open("wb") as file:
                file.write(STATE.dump_json(state, indent=1) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise UsageError(
                f"the alert state {self.path} cannot be written: {error.strerror}",
                hint="name a file in a folder you may write with --state",
            ) from error

    @contextlib.contextmanager
    def locked(self, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
        """Hold the file for one run: two at once would tell everything twice.

        Raises:
            UsageError: another run holds it for longer than ``wait_s`` seconds, or the folder cannot be written.
        """
        beside = self.path.with_name(f"{self.path.name}.lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = beside.open("ab")
        except OSError as error:
            raise UsageError(
                f"the alert state {self.path} cannot be written: {error.strerror}",
                hint="name a file in a folder you may write with --state",
            ) from error
        with file:
            ends = time.monotonic() + wait_s
            while True:
                try:
                    lock_exclusively(file.fileno(), beside)
                    break
                except CassetteError:
                    if time.monotonic() > ends:
                        raise UsageError(
                            f"another comfytape alert has used {self.path} for {wait_s:g} s",
                            hint="wait for it, or give each job a --state of its own",
                        ) from None
                    time.sleep(LOCK_POLL_S)
            yield
