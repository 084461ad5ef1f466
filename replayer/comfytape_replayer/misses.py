"""A request that nothing recorded answers: what was asked, what comes nearest, what differs, what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from comfytape_replayer.answer import Answer, json_answer
from comfytape_replayer.meaning import workflow_of_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfytape_cassettes.redaction import Redactor
    from comfytape_replayer.library import Shelf
    from comfytape_replayer.recorded import Submission

__all__ = ["Miss", "miss_answer", "nearest_page", "nearest_submission"]

SHOWN = 12
"""Differences that are listed."""
COMPARED = 40
"""Recorded workflows that are compared closely; those with the most classes in common come first."""

PATH_COMPARED = 300
"""Characters of a path that are compared with recorded ones."""

LOOKED_AT = 1000
"""Recorded workflows that are looked at at all: reading ten thousand would hold everybody up."""


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a request was not answered. ``nearest`` names a recorded request, or is empty where there is none."""

    request: str
    reason: str
    nearest: str = ""
    differences: tuple[str, ...] = ()
    hint: str = ""

    def to_json(self) -> dict[str, Any]:
        """The body that the client gets."""
        return {
            "error": f"comfytape replay: {self.reason}",
            "request": self.request,
            "nearest": self.nearest or None,
            "differences": list(self.differences),
            "hint": self.hint,
        }

    def as_told(self, redactor: Redactor) -> Miss:
        """The same without the secrets of the request: it is printed, and shown to whoever opens the page."""
        differences = tuple(map(redactor.text, self.differences))
        return replace(
            self, request=redactor.url(self.request), reason=redactor.text(self.reason), differences=differences
        )

    def lines(self) -> list[str]:
        """The same for a terminal."""
        lines = [f"no recorded answer: {self.request}", f"  {self.reason}"]
        if self.nearest:
            lines.append(f"  nearest: {self.nearest}")
        lines += [f"    - {difference}" for difference in self.differences]
        return [*lines, f"  → {self.hint}"] if self.hint else lines


def miss_answer(miss: Miss, status: int = 404) -> Answer:
    """The answer to a miss."""
    return json_answer(status, miss.to_json(), [("X-Comfytape-Miss", "1")])


def nearest_submission(
    request: str, sent: Any, shelf: Shelf, *, prompt: bool = False
) -> tuple[Miss, Submission | None]:
    """The recorded job that comes nearest to what was sent, and the miss that says what differs."""
    from comfytape_replayer.difference import graph_differences, value_differences  # noqa: PLC0415 - misses are rare

    workflow = (sent if isinstance(sent, dict) else None) if prompt else workflow_of_input(sent)
    best: tuple[int, Submission, list[str]] | None = None
    for submission in candidates(workflow, shelf):
        if workflow is not None and submission.workflow is not None:
            words = graph_differences(submission.workflow, workflow, shelf.noise)
            if not prompt:
                words += value_differences(beside(submission.job_input), beside(sent))
        else:
            words = value_differences(submission.job_input, sent)
        if best is None or len(words) < best[0]:
            best = (len(words), submission, words)
    if best is None:
        reason = "no prompt was recorded" if prompt else "no job was recorded for this endpoint"
        return Miss(request, reason, hint="record one: comfytape record CONTRACT"), None
    count, submission, words = best
    listed = words[:SHOWN] + ([f"… and {count - SHOWN} more"] if count > SHOWN else [])
    named = (
        f"job {submission.job}" if submission.job else f"refused request (HTTP {submission.exchange.response.status})"
    )
    place = f" in cassette {submission.cassette}" if submission.cassette else ""
    miss = Miss(
        request, "no recorded job has this workflow" if workflow is not None else "no recorded job has this input",
        f"{named}{place}, exchange {submission.number + 1}", tuple(listed),
        "send the recorded workflow (seeds, titles, node ids and file-name prefixes may differ), or record this one: "
        "comfytape record CONTRACT",
    )  # fmt: skip
    return miss, submission


def beside(job_input: Any) -> Any:
    """What an input holds beside its workflow."""
    return {k: v for k, v in job_input.items() if k != "workflow"} if isinstance(job_input, dict) else {}


def candidates(workflow: Any, shelf: Shelf) -> Sequence[Submission]:
    """Those worth comparing closely, one for each meaning."""
    from comfytape_replayer.difference import class_distance  # noqa: PLC0415 - misses are rare

    distinct = [alike[0] for alike in islice(shelf.by_meant.values(), LOOKED_AT)]
    if workflow is None or len(distinct) <= COMPARED:
        return distinct[:COMPARED] if workflow is None else distinct
    return sorted(distinct, key=lambda s: class_distance(s.workflow or {}, workflow))[:COMPARED]


@lru_cache(maxsize=256)
def close_paths(path: str, recorded: tuple[str, ...]) -> list[str]:
    """Up to three paths that look alike; who asks for what is not there asks again and again."""
    import difflib  # noqa: PLC0415 - misses are rare

    return difflib.get_close_matches(path, recorded, n=3, cutoff=0.3)


def nearest_page(request: str, path: str, recorded: Iterable[str], reason: str) -> Miss:
    """The recorded path that comes nearest."""
    near = close_paths(path[:PATH_COMPARED], tuple(recorded))
    return Miss(
        request, reason, f"GET /{near[0]}" if near else "",
        tuple(f"also recorded: GET /{other}" for other in near[1:]),
        "ask for a route that was recorded, or record this one: comfytape record CONTRACT, or comfytape proxy NAME",
    )  # fmt: skip
