"""Are the images what the contract says?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.checks.jobs import label_of
from comfytape_contracts.images import look_at
from comfytape_contracts.outputs import images_of
from comfytape_contracts.rules.image import BLANK, ELSEWHERE, EQUAL, SHAPE, UNREADABLE

if TYPE_CHECKING:
    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.contract import Outputs
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.images import Look
    from comfytape_contracts.jobs import Job

__all__ = ["check_images"]


def check_images(subject: Subject) -> Outcome:
    """Decode every image of every COMPLETED job and compare it with ``outputs``."""
    outcome = subject.outcome()
    findings: list[Finding] = []
    seen: dict[str, Job] = {}
    shapes: dict[tuple[str, Any], list[str]] = {}
    looked = 0
    for job in subject.tape.jobs:
        for image in images_of(job.last) if job.last and job.last.status == "COMPLETED" else ():
            label = f"{label_of(subject, job)}, {image.filename}"
            if image.url:
                findings.append(
                    ELSEWHERE.finding(
                        f"{label} is at a URL; its bytes were not recorded",
                        location=subject.in_contract("outputs"),
                        identity={"job": position(subject, job)},
                    )
                )
                continue
            looked += 1
            look = look_at(image.data)
            findings += about(subject, job, label, image.problem or look.problem, look)
            for key, got in odd_shape(subject.model.outputs, look):
                shapes.setdefault((key, got), []).append(label)
            findings += repeated(subject, job, label, look, seen)
    findings += [shape_finding(subject, key, got, labels) for (key, got), labels in shapes.items()]
    if not looked and not findings:
        return outcome
    formats = f"{looked} images decoded"
    outcome.promise(promised(subject.model.outputs), findings, formats if looked else "no image on the tape")
    outcome.measurements["images"] = looked
    return outcome


def position(subject: Subject, job: Job) -> int:
    """The job's place on the tape, from 0."""
    return subject.tape.jobs.index(job)


def promised(outputs: Outputs) -> str:
    """The promise about images, in words."""
    shape = f" {outputs.width or 'any'}x{outputs.height or 'any'}" if outputs.width or outputs.height else ""
    words = f"images decode{' as ' + outputs.format if outputs.format else ''}{shape}"
    if not outputs.blank:
        words += ", are not blank"
    return words + (", and differ" if outputs.distinct else "")


def about(subject: Subject, job: Job, label: str, problem: str, look: Look) -> list[Finding]:
    """Findings about one image by itself."""
    where, identity = subject.in_contract("outputs"), {"job": position(subject, job)}
    if problem:
        return [UNREADABLE.finding(f"{label} {problem}", location=where, identity=identity)]
    found: list[Finding] = []
    if look.blank and not subject.model.outputs.blank:
        found.append(BLANK.finding(f"{label} is of one colour", location=where, identity=identity))
    return found


def odd_shape(outputs: Outputs, look: Look) -> list[tuple[str, Any]]:
    """Format, width and height that are not as promised; nothing for an image that did not decode."""
    keys = ("format", "width", "height") if not look.problem else ()
    pairs = [(key, getattr(outputs, key), getattr(look, key)) for key in keys]
    return [(key, got) for key, wanted, got in pairs if wanted is not None and wanted != got]


def shape_finding(subject: Subject, key: str, got: Any, labels: list[str]) -> Finding:
    """One finding for all images that are wrong in the same way."""
    wanted = getattr(subject.model.outputs, key)
    which = labels[0] if len(labels) == 1 else f"{len(labels)} images, the first of {labels[0]}"
    return SHAPE.finding(
        f"{which}: {key} is {got}, expected {wanted}",
        location=subject.in_contract("outputs", key),
        expected=wanted,
        actual=got,
        identity={"key": key, "got": got},
    )


def repeated(subject: Subject, job: Job, label: str, look: Look, seen: dict[str, Job]) -> list[Finding]:
    """A finding when a job with another workflow brought the same pixels before."""
    if not look.pixels or not subject.model.outputs.distinct:
        return []
    before = seen.setdefault(look.pixels, job)
    if before is job or before.workflow == job.workflow:
        return []
    return [
        EQUAL.finding(
            f"{label} is equal to the image of {label_of(subject, before)}, though the workflows differ",
            location=subject.in_contract("outputs"),
            identity={"job": position(subject, job)},
        )
    ]
