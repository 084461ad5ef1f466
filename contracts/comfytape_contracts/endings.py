"""How a job ended, in one word for machines and one sentence for people: success, or which failure, and where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfytape_contracts.diagnosis.failures import failure_of
from comfytape_contracts.diagnosis.handler import sign_of
from comfytape_contracts.diagnosis.queue import FIRST_SECONDS, LONG_START_S
from comfytape_contracts.expectation import SUCCESS
from comfytape_contracts.outputs import errors_of, image_count
from comfytape_contracts.rules.endpoint import HANDLER_WRONG
from comfytape_contracts.rules.failure import EXPIRED
from comfytape_contracts.rules.job import ERRORS_BESIDE, NO_IMAGES, UNFINISHED
from comfytape_contracts.rules.queue import INITIALIZING, NO_WORKERS, THROTTLED, UNHEALTHY

if TYPE_CHECKING:
    from comfytape_contracts.jobs import Job
    from comfytape_contracts.rules import Rule
    from comfytape_contracts.tape import Tape

__all__ = ["Ending", "ending_of"]

NODES = tuple(
    re.compile(pattern)
    for pattern in (
        r"Node Type: (?P<class>[^,]+), Node ID: (?P<node>[\w:]+)",
        r"\bnode (?P<node>[\w:]+) \((?P<class>[\w ]+)\): ",
        r"Node ID '#(?P<node>[\w:]+)'",
        r"• Node (?P<node>[\w:]+) \(errors\)",
        r"\bnode (?P<node>[\w:]+): ",
    )
)
"""How worker-comfyui (handler.py 5.x) and ComfyUI (execution.py) name the node that failed."""
CLASSES = (re.compile(r"• Node [\w:]+ \(class_type\): (\S[^•\n]*)"), re.compile(r"node (\S.{0,200}?) does not exist"))
INPUTS = (
    re.compile(r"'input_name': '([^']+)'"),
    re.compile(r"'details': \"?'?(\w+):"),
    re.compile(r"(\w+): '[^']*' not in"),
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended.

    Attributes:
        rule: what went wrong, or None for a success.
        words: the sentence, less the job's name: ``ended FAILED: …``.
        node_id, class_type, input: the place in the workflow that the error names, or None.
    """

    rule: Rule | None
    words: str
    node_id: str | None = None
    class_type: str | None = None
    input: str | None = None

    @property
    def outcome(self) -> str:
        """``success``, or the id of the rule."""
        return self.rule.id if self.rule else SUCCESS

    @property
    def is_known(self) -> bool:
        """Whether the tape shows the end."""
        return self.rule is None or not self.rule.inconclusive


def ending_of(tape: Tape, job: Job, images: int) -> Ending:
    """How a job ended, where ``images`` are expected of it; the first thing that applies says it all."""
    last = job.last
    if last is None or not last.is_final:
        return unfinished(tape, job)
    if last.status == "CANCELLED" and job.cancelled is not None:
        # Its client gave up on it: what is on the tape is a job that never came to its end.
        waited = (job.cancelled.started_ms - job.submitted_ms) / 1000
        seen = next((s.said.status for s in reversed(job.states) if not s.said.is_final), "IN_QUEUE")
        words = f"was cancelled by the client after {waited:.1f} s, last seen {seen}"
        return Ending(*waiting(tape, job, seen, words))
    errors, brought = errors_of(last), image_count(last)
    sign = sign_of(job)
    if sign is not None and sign.kind == "other" and sign.sure:
        return Ending(HANDLER_WRONG, f"is {last.status}, but not by a handler of workflows: {sign.words}")
    failure = failure_of(job)
    if failure is not None:
        rule, words = failure
        return Ending(rule, words, *place(words))
    if errors:
        return Ending(ERRORS_BESIDE, "; ".join(errors), *place("; ".join(errors)))
    if brought < images:
        return Ending(NO_IMAGES, f"is COMPLETED with {brought} image(s), expected {images}")
    return Ending(None, f"is COMPLETED with {brought} image(s)")


def unfinished(tape: Tape, job: Job) -> Ending:
    """A job without a final state: it vanished, it waits for a worker that does not come, or the tape is over."""
    if job.states and vanished(tape, job):
        return Ending(EXPIRED, f"was {job.status}, then /status answered 404: RunPod does not know it any more")
    waited = (job.seen_ms - job.submitted_ms) / 1000 if job.states else 0.0
    words = f"was last seen {job.status} after {waited:.1f} s; the recording does not show how it ended"
    return Ending(*waiting(tape, job, job.status, words))


def vanished(tape: Tape, job: Job) -> bool:
    """Whether the last thing that ``/status`` said of a job is that there is none."""
    asked = [e for r, e in tape.routed if r.name == "status" and r.argument == job.id]
    return bool(asked) and max(asked, key=lambda e: e.last_ms).response.status == 404


def waiting(tape: Tape, job: Job, seen: str, words: str) -> tuple[Rule, str]:
    """Why a job got no end, as far as ``/health`` shows it: unhealthy, throttled, no worker at all, or not known."""
    end = job.cancelled.started_ms if job.cancelled else job.seen_ms
    healths = [said.workers for at, said in tape.health if at <= end + 1000]
    workers = healths[-1] if healths else None
    if seen != "IN_QUEUE" or workers is None or workers.able:
        return UNFINISHED, words
    waited_s = (end - job.submitted_ms) / 1000
    for rule, count, word, after_s in (
        (UNHEALTHY, workers.unhealthy, "unhealthy", 0.0),
        (THROTTLED, workers.throttled, "throttled", 0.0),
        (INITIALIZING, workers.initializing, "initializing", LONG_START_S),
    ):
        if count:
            told = f"{words}; /health shows {count} {word} worker(s) and none that could take it"
            return (rule if waited_s >= after_s else UNFINISHED), told
    return (NO_WORKERS if waited_s >= FIRST_SECONDS else UNFINISHED), f"{words}; /health shows no worker in any state"


def place(words: str) -> tuple[str | None, str | None, str | None]:
    """Node id, class and input that an error text names."""
    node = next((found for pattern in NODES if (found := pattern.search(words))), None)
    named = node.groupdict() if node else {}
    class_type = named.get("class") or first(CLASSES, words)
    return named.get("node"), class_type.strip() if class_type else None, first(INPUTS, words)


def first(patterns: tuple[re.Pattern[str], ...], words: str) -> str | None:
    """What the first pattern that matches holds."""
    return next((found[1] for pattern in patterns if (found := pattern.search(words))), None)
