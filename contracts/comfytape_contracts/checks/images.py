"""Are the images what the contract says?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from comfytape_contracts.checks.jobs import label_of
from comfytape_contracts.images import look_at
from comfytape_contracts.rules.image import (
    ANIMATED,
    BLANK,
    ELSEWHERE,
    EQUAL,
    EXTENSION,
    METADATA,
    NODE_SILENT,
    SHAPE,
    UNREADABLE,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.contract import Outputs
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.images import Look
    from comfytape_contracts.jobs import Job
    from comfytape_contracts.outputs import OutputImage

__all__ = ["Brought", "Gallery", "check_images"]

EXTENSIONS = {"png": "png", "apng": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp", "gif": "gif"}
"""Formats by the ending of a file name; other endings say nothing."""

SAVERS = frozenset({"SaveAnimatedPNG", "SaveAnimatedWEBP", "SaveImage"})
"""Core classes whose files come under ``images`` and are called like their ``filename_prefix`` (ComfyUI nodes.py)."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A COMPLETED job as its images are judged: its name for people, and what tells its findings from others."""

    job: Job
    label: str
    identity: dict[str, Any]


@dataclass
class Gallery:
    """The images of some jobs, held to what was promised of them."""

    subject: Subject
    outputs: Outputs
    findings: list[Finding] = field(default_factory=list)
    looked: int = 0
    carrying: list[str] = field(default_factory=list)
    seen: dict[str, Brought] = field(default_factory=dict)
    shapes: dict[tuple[str, Any], list[tuple[str, Brought]]] = field(default_factory=dict)

    def add(self, brought: Brought) -> None:
        """Look at all images of a job."""
        images = self.subject.tape.brought(brought.job)
        for image in images:
            self.look(brought, image)
        self.findings += self.silent(brought, images)

    def look(self, brought: Brought, image: OutputImage) -> None:
        """Look at one image."""
        label, where = f"{brought.label}, {image.filename}", self.subject.in_contract("outputs")
        if image.url:
            why = image.problem or "its bytes were not recorded"
            message = f"{label} is at a URL; {why}"
            self.findings.append(ELSEWHERE.finding(message, location=where, identity=brought.identity))
            return
        self.looked += 1
        seen = look_at(image.read())
        problem = image.problem or seen.problem
        if problem:
            self.findings.append(UNREADABLE.finding(f"{label} {problem}", location=where, identity=brought.identity))
            return
        if seen.carries:
            self.carrying.append(f"{label} ({', '.join(seen.carries)})")
        self.findings += self.about(brought, label, seen)
        self.findings += self.named(brought, label, image.filename, seen)
        self.findings += self.repeated(brought, label, seen)
        for key in ("format", "width", "height", "mode", "bits"):
            wanted, got = getattr(self.outputs, key), getattr(seen, key)
            if wanted is not None and wanted != got:
                self.shapes.setdefault((key, got), []).append((label, brought))

    def about(self, brought: Brought, label: str, look: Look) -> Iterator[Finding]:
        """What an image is that it should not be."""
        where = self.subject.in_contract("outputs")
        # One pixel has one colour, whatever it shows.
        if look.blank and look.width * look.height > 1 and not self.outputs.blank:
            colour = ": black, which is what NaNs become" if look.black else ""
            yield BLANK.finding(f"{label} is of one colour{colour}", location=where, identity=brought.identity)
        if look.frames > 1 and not self.outputs.animated:
            yield ANIMATED.finding(
                f"{label} has {look.frames} frames, expected a still image",
                location=where,
                expected=1,
                actual=look.frames,
                identity=brought.identity,
            )

    def named(self, brought: Brought, label: str, filename: str, look: Look) -> Iterator[Finding]:
        """A finding where the name says another format than the file has."""
        says = EXTENSIONS.get(filename.rpartition(".")[2].lower()) if "." in filename else None
        if says is not None and says != look.format:
            yield EXTENSION.finding(
                f"{label} is a {look.format} file",
                location=self.subject.in_contract("outputs"),
                expected=says,
                actual=look.format,
                identity=brought.identity,
            )

    def repeated(self, brought: Brought, label: str, look: Look) -> Iterator[Finding]:
        """A finding when a job with another workflow brought the same pixels before."""
        if not self.outputs.distinct:
            return
        before = self.seen.setdefault(look.pixels, brought)
        if before is not brought and before.job.workflow != brought.job.workflow:
            yield EQUAL.finding(
                f"{label} is equal to the image of {before.label}, though the workflows differ",
                location=self.subject.in_contract("outputs"),
                identity=brought.identity,
            )

    def silent(self, brought: Brought, images: Sequence[OutputImage]) -> Iterator[Finding]:
        """Save nodes of which no image came."""
        names = [image.filename for image in images]
        prefixes = Counter(prefix for _, prefix in savers(brought.job))
        # Where no name begins with a prefix, the handler calls its files in its own way.
        if not any(name.startswith(tuple(prefixes)) for name in names):
            return
        told: Counter[str] = Counter()
        for node, prefix in savers(brought.job):
            told[prefix] += 1
            came = sum(name.startswith(prefix) for name in names)
            if came < prefixes[prefix] and told[prefix] > came:
                yield NODE_SILENT.finding(
                    f"{brought.label} brought {', '.join(names)}: none of them is of node {node}, which saves "
                    f"'{prefix}…'",
                    location=self.subject.in_contract("outputs"),
                    expected=prefix,
                    actual=names,
                    identity={**brought.identity, "saver": node},
                )

    def verdicts(self) -> list[Finding]:
        """All findings; images that are wrong in the same way are one."""
        shapes = [self.shape(key, got, labelled) for (key, got), labelled in self.shapes.items()]
        return [*self.findings, *shapes]

    def shape(self, key: str, got: Any, labelled: list[tuple[str, Brought]]) -> Finding:
        """One finding for all images that are wrong in the same way."""
        wanted, (label, brought) = getattr(self.outputs, key), labelled[0]
        which = label if len(labelled) == 1 else f"{len(labelled)} images, the first of {label}"
        case = {"case": brought.identity["case"]} if "case" in brought.identity else {}
        return SHAPE.finding(
            f"{which}: {key} is {got}, expected {wanted}",
            location=self.subject.in_contract("outputs", key),
            expected=wanted,
            actual=got,
            identity={"key": key, "got": got, **case},
        )


def check_images(subject: Subject) -> Outcome:
    """Decode every image of every COMPLETED job and compare it with ``outputs``."""
    outcome = subject.outcome()
    gallery = Gallery(subject, subject.model.outputs)
    for number, job in enumerate(subject.tape.jobs):
        if job.last and job.last.status == "COMPLETED":
            gallery.add(Brought(job, label_of(subject, job), {"job": number}))
    findings = gallery.verdicts()
    if not gallery.looked and not findings:
        return outcome
    evidence = f"{gallery.looked} images decoded" if gallery.looked else "no image on the tape"
    outcome.promise(promised(subject.model.outputs), [*findings, *privacy(subject, gallery)], evidence)
    outcome.measurements["images"] = gallery.looked
    return outcome


def privacy(subject: Subject, gallery: Gallery) -> list[Finding]:
    """One note for all images that carry their prompt."""
    carrying = gallery.carrying
    if not carrying:
        return []
    which = carrying[0] if len(carrying) == 1 else f"{len(carrying)} of {gallery.looked} images, such as {carrying[0]}"
    message = f"{which}: the metadata hold what was asked for"
    return [METADATA.finding(message, location=subject.in_contract("outputs"))]


def promised(outputs: Outputs) -> str:
    """The promise about images, in words."""
    shape = f" {outputs.width or 'any'}x{outputs.height or 'any'}" if outputs.width or outputs.height else ""
    words = f"images decode{' as ' + outputs.format if outputs.format else ''}{shape}"
    if not outputs.blank:
        words += ", are not blank"
    return words + (", and differ" if outputs.distinct else "")


def savers(job: Job) -> Iterator[tuple[str, str]]:
    """Node id and the fixed beginning of its file names, of every node that saves images under its own prefix."""
    for node_id, node in (job.workflow or {}).items():
        inputs = node.get("inputs") if isinstance(node, dict) and node.get("class_type") in SAVERS else None
        prefix = inputs.get("filename_prefix") if isinstance(inputs, dict) else None
        # A prefix may name a folder and hold %fields% that the server fills in; an empty one says nothing.
        fixed = prefix.replace("\\", "/").rpartition("/")[2].partition("%")[0] if isinstance(prefix, str) else ""
        if fixed:
            yield node_id, fixed
