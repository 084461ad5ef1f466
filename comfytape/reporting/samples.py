"""The jobs of a recording as people look at them: how long each took, what it was asked, what it brought."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_contracts.checks.jobs import reason
from comfytape_contracts.images import look_at, reduced
from comfytape_contracts.outputs import errors_of
from comfytape_contracts.tape import Tape
from comfytape_contracts.timing import Warmth, warmths_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from comfytape_cassettes import Cassette
    from comfytape_contracts.jobs import Job
    from comfytape_contracts.outputs import OutputImage

__all__ = ["Picture", "Sample", "samples_of"]

SEEDS = frozenset({"noise_seed", "seed"})
PROMPTS = frozenset({"clip_g", "clip_l", "negative", "positive", "prompt", "t5xxl", "text", "text_g", "text_l"})
"""Input names under which ComfyUI's nodes take a seed and a prompt (nodes.py; comfy_extras: nodes_sd3, nodes_flux)."""
MANY = 24
"""Pictures up to which each is embedded large; with more, a page would no longer open on a phone."""
LARGE, SMALL = 1536, 320
"""Pixels of the longer side of an embedded picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One image of a job, ready to be shown.

    Attributes:
        name: its file name.
        facts: format and size as recorded, or why there is nothing to show.
        source: a ``data:`` URL, or "".
        width, height: pixels as recorded; 0 where there is nothing to show.
    """

    name: str
    facts: str
    source: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One job. Times in seconds, None where RunPod did not say.

    Attributes:
        number: its place on the tape, from 1, as the findings count.
        id: the beginning of its id.
        case: the case that it was recorded for, or "" for a sample.
        status: the last state seen.
        cold: whether its worker was started for it; None where that is not known.
        waited: ``delayTime``: until a worker took it.
        ran: ``executionTime``.
        settings: seeds and prompts of its workflow: (name, value).
        pictures: what it brought.
        errors: what went wrong, in its own words.
    """

    number: int
    id: str
    case: str
    status: str
    cold: bool | None
    waited: float | None
    ran: float | None
    settings: Sequence[tuple[str, str]]
    pictures: Sequence[Picture]
    errors: Sequence[str]


def samples_of(cassette: Cassette) -> list[Sample]:
    """All jobs in order of submission.

    Raises:
        CassetteError: the cassette is damaged.
    """
    tape = Tape(cassette)
    warmths = warmths_of(tape)
    images = [tape.brought(job) for job in tape.jobs]
    cases = {str(note.get("job")): str(note["case"]) for note in cassette.provenance.samples if "case" in note}
    side = LARGE if sum(map(len, images)) <= MANY else SMALL
    return [
        sample(number, job, warmths[job.id], [picture(image, side) for image in brought], cases.get(job.id, ""))
        for number, (job, brought) in enumerate(zip(tape.jobs, images, strict=True), start=1)
    ]


def sample(number: int, job: Job, warmth: Warmth, pictures: Sequence[Picture], case: str) -> Sample:
    """One job."""
    last = job.last
    errors = [*errors_of(last), *([reason(last.error, last.output)] if last.error else [])] if last else []
    return Sample(
        number=number,
        id=job.id[:8],
        case=case,
        status=job.status,
        cold=None if warmth is Warmth.UNKNOWN else not warmth.ran_warm,
        waited=seconds(last.delay_ms) if last else None,
        ran=seconds(last.execution_ms) if last else None,
        settings=list(settings(job.workflow or {})),
        pictures=pictures,
        errors=errors,
    )


def seconds(milliseconds: float | None) -> float | None:
    """Milliseconds as seconds."""
    return None if milliseconds is None else milliseconds / 1000


def settings(workflow: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Seeds and prompts; where several nodes have one of the same name, each says its node."""
    found = []
    for node_id, node in workflow.items():
        inputs = node.get("inputs") if isinstance(node, dict) else None
        for name, value in inputs.items() if isinstance(inputs, dict) else ():
            if name in SEEDS and isinstance(value, int | float):
                found.append(("seed", node_id, str(value)))
            elif name in PROMPTS and isinstance(value, str) and value.strip():
                found.append(("prompt", node_id, value))
    names = Counter(name for name, _, _ in found)
    for name, node_id, value in found:
        yield (f"{name}, node {node_id}" if names[name] > 1 else name), value


def picture(image: OutputImage, side: int) -> Picture:
    """One image: its pixels anew as WEBP, so that neither hostile bytes nor metadata get into a page."""
    if image.url:
        return Picture(name=image.filename, facts=f"at a URL; {image.problem or 'its bytes were not recorded'}")
    data = image.read()
    look = look_at(data)
    shown = None if image.problem else reduced(data, side)
    if shown is None:
        return Picture(name=image.filename, facts=image.problem or look.problem)
    smaller = f", shown at {side} pixels" if max(look.width, look.height) > side else ""
    blank = ", of one colour" if look.blank else ""
    return Picture(
        name=image.filename,
        facts=f"{look.format} {look.width}x{look.height}{blank}{smaller}",
        source="data:image/webp;base64," + base64.b64encode(shown).decode(),
        width=look.width,
        height=look.height,
    )
