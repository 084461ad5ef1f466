"""The scenarios that hold for a request, and what they count."""

from __future__ import annotations

import random
from functools import cached_property
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import UsageError
from comfytape_replayer.faults import Fault, picked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comfytape_replayer.recorded import Submission
    from comfytape_replayer.scenarios.scenario import Scenario
    from comfytape_replayer.timeline import Timeline

__all__ = ["Cast", "Casting"]

CASTS_KEPT = 256


class Cast:
    """Scenarios and faults that hold together, with their counters: two casts never disturb each other."""

    def __init__(self, scenarios: Sequence[Scenario] = (), faults: Sequence[Fault] = (), seed: int = 0) -> None:
        self.scenarios = tuple(scenarios)
        self.faults = (*(fault for scenario in scenarios for fault in scenario.faults), *faults)
        self.counts = [0] * len(self.faults)
        self.random = random.Random(seed)  # noqa: S311 - the same seed must give the same order of faults

    def due(self, operation: str) -> list[Fault]:
        """Faults that happen to a request for this operation."""
        due: list[Fault] = []
        for index, fault in enumerate(self.faults):
            if fault.operations and operation not in fault.operations:
                continue
            number = self.counts[index]
            self.counts[index] += 1
            if fault.is_due(number):
                due.append(picked(self.random.choice(fault.any_of)) if fault.any_of else fault)
        return due

    def timeline(self, submission: Submission, timeline: Timeline) -> Timeline:
        """The course of a job under these scenarios, each changing what the one before it left."""
        for scenario in self.scenarios:
            if scenario.job is not None:
                from comfytape_replayer.scenarios.play import Play  # noqa: PLC0415 - most jobs go as recorded

                play = Play(submission.job, submission.workflow, timeline, submission.pieces)
                timeline = scenario.job(play)
        return timeline

    @cached_property
    def changes_inventory(self) -> bool:
        """Whether the installation is another one than was recorded."""
        return any(scenario.inventory is not None for scenario in self.scenarios)

    @cached_property
    def has_no_models(self) -> bool:
        """Whether the model folders are empty."""
        return any(scenario.name == "model-missing" for scenario in self.scenarios)

    @cached_property
    def waiting(self) -> dict[str, int]:
        """Workers that ``/health`` shows while a job waits."""
        shown: dict[str, int] = {}
        for scenario in self.scenarios:
            shown |= scenario.waiting or {}
        return shown

    def inventory(self, recorded: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """``/object_info`` of the installation."""
        for scenario in self.scenarios:
            if scenario.inventory is not None and recorded is not None:
                recorded = scenario.inventory(recorded)
        return recorded

    def picture(self, recorded: bytes) -> bytes:
        """A recorded picture as these scenarios show it."""
        for scenario in self.scenarios:
            if scenario.picture is not None:
                recorded = scenario.picture(recorded)
        return recorded

    @cached_property
    def changes_pictures(self) -> bool:
        """Whether pictures are others than recorded."""
        return any(scenario.picture is not None for scenario in self.scenarios)


class Casting:
    """Chooses the cast of each request: the one its header names, else the server's own."""

    def __init__(
        self, scenarios: Sequence[str | Scenario] = (), faults: Sequence[Fault] = (),
        custom: Sequence[Scenario] = (), seed: int = 0,
    ) -> None:  # fmt: skip
        self.custom = {scenario.name: scenario for scenario in custom}
        self.seed = seed
        chosen = [self.scenario(name) if isinstance(name, str) else name for name in scenarios]
        self.default = Cast(chosen, faults, seed)
        self.named: dict[str, Cast] = {}

    @cached_property
    def known(self) -> Mapping[str, Scenario]:
        """Every scenario that can be named."""
        from comfytape_replayer.scenarios.catalogue import SCENARIOS  # noqa: PLC0415 - most servers play none

        return SCENARIOS | self.custom

    def of(self, header: str) -> Cast:
        """The cast of a request with this ``X-Comfytape-Scenario``: names with commas, or ``none``.

        Raises:
            UsageError: a name is not known.
        """
        if not header:
            return self.default
        cast = self.named.get(header)
        if cast is None:
            names = [name.strip() for name in header.split(",")]
            cast = Cast([self.scenario(name) for name in names if name and name != "none"], (), self.seed)
            if len(self.named) >= CASTS_KEPT:
                del self.named[next(iter(self.named))]
            self.named[header] = cast
        return cast

    def scenario(self, name: str) -> Scenario:
        """A scenario by name; what follows a ``#`` only keeps two users of one scenario apart.

        Raises:
            UsageError: there is none; the nearest name is suggested.
        """
        found = self.known.get(name.partition("#")[0])
        if found is not None:
            return found
        import difflib  # noqa: PLC0415 - as rare as a misspelling

        near = difflib.get_close_matches(name, self.known, n=1)
        raise UsageError(
            f"there is no scenario {name!r}",
            hint=f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(sorted(self.known))}",
        )
