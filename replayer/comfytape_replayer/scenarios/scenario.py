"""What a scenario is: a name, what it imitates, and what it does to the recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comfytape_replayer.faults import Fault
    from comfytape_replayer.scenarios.play import Play
    from comfytape_replayer.timeline import Timeline

__all__ = ["Scenario"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A named variation; what it leaves None stays as recorded.

    Attributes:
        name: as on the command line.
        imitates: what really happens, and who reported it.
        job: another course for a job.
        faults: what happens to single requests.
        waiting: workers that ``/health`` shows while a job waits and none runs.
        inventory: another ``/object_info``; jobs are then judged by it.
        picture: another picture for each recorded one.
    """

    name: str
    imitates: str
    job: Callable[[Play], Timeline] | None = None
    faults: tuple[Fault, ...] = ()
    waiting: Mapping[str, int] | None = None
    inventory: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
    picture: Callable[[bytes], bytes] | None = None
