"""Whether a ComfyUI that answers also works: its worker thread, its packs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from comfytape_contracts.diagnosis.cause import Cause, Confidence, Stage
from comfytape_contracts.diagnosis.reach import address_of, causes_of
from comfytape_contracts.findings import Severity
from comfytape_contracts.inventory import CORE, pack_of
from comfytape_contracts.rules import server as rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from comfytape_contracts.diagnosis.evidence import Answer, Evidence

__all__ = ["QueueSample", "dangling", "examine_comfyui"]

DEAD_THREAD = re.compile(r"Exception in thread Thread-\d+ \(prompt_worker\)")
"""Python's threading.excepthook, into ComfyUI's log (tried on 0.10.0)."""

LAST_LINE = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Interrupt)\b.*$", re.MULTILINE)
IMPORT_FAILED = re.compile(r"\(IMPORT FAILED\): (?P<path>\S.*?)\s*$", re.MULTILINE)
CANNOT_IMPORT = re.compile(r"Cannot import (?P<path>.+?) module for custom nodes: (?P<reason>.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class QueueSample:
    """``/queue`` at one moment: what runs, with its prompt where ComfyUI showed it, and how many wait."""

    at_ms: float
    running: tuple[str, ...]
    pending: int
    prompts: tuple[Any, ...] = ()

    @classmethod
    def samples(cls, answers: Sequence[Answer]) -> list[QueueSample]:
        """Every answer to GET /queue, each time it was given, in order."""
        found = []
        for answer in answers:
            if answer.route.name != "queue" or answer.method != "GET" or not isinstance(answer.good, dict):
                continue
            running = [item for item in answer.good.get("queue_running") or () if isinstance(item, list)]
            pending = len(answer.good.get("queue_pending") or ())
            ids = tuple(str(item[1]) for item in running if len(item) > 1)
            prompts = tuple(item[2] for item in running if len(item) > 2)
            times = answer.exchange.times if answer.exchange else ()
            found += [cls(started + elapsed, ids, pending, prompts) for started, elapsed in times]
        return sorted(found, key=lambda sample: sample.at_ms)


@dataclass(frozen=True)
class ServerEvidence:
    """All that a ComfyUI said."""

    answers: Sequence[Answer]
    packs_needed: Mapping[str, Sequence[str]]
    inventory: Mapping[str, Any] | None
    asked_classes: frozenset[str]

    @cached_property
    def address(self) -> str:
        """Scheme, host and port."""
        return address_of(self.answers[0].url)

    @cached_property
    def system(self) -> Mapping[str, Any] | None:
        """``system`` of the last ``/system_stats``, or None."""
        for answer in reversed(self.answers):
            said = answer.good if answer.route.name == "system_stats" else None
            if isinstance(said, dict) and isinstance(said.get("system"), dict):
                system: Mapping[str, Any] = said["system"]
                return system
        return None

    @cached_property
    def log(self) -> str:
        """The last lines of ComfyUI's log; "" where it was not asked."""
        for answer in reversed(self.answers):
            said = answer.good if answer.route.name == "internal/logs/raw" else None
            if isinstance(said, dict) and isinstance(said.get("entries"), list):
                return "".join(str(e.get("m", "")) for e in said["entries"] if isinstance(e, dict))
        return ""

    @cached_property
    def queue(self) -> Sequence[QueueSample]:
        """The queue over time."""
        return QueueSample.samples(self.answers)


def examine_comfyui(evidence: Evidence, packs: Mapping[str, Sequence[str]] | None = None) -> Stage | None:
    """Whether the ComfyUI works; None where none was asked. ``packs``: required classes by pack."""
    if not evidence.comfyui:
        return None
    server = ServerEvidence(evidence.comfyui, packs or {}, evidence.tape.inventory, evidence.tape.classes_asked)
    promise = f"ComfyUI at {server.address} executes prompts"
    barred = causes_of(server.answers, server.address)
    if barred and server.system is None:
        return Stage(promise=promise, evidence="no good answer", causes=tuple(barred[:1]))
    if server.system is None and not any(a.good is not None for a in server.answers):
        return Stage(promise=promise, evidence="no answer of ComfyUI's", causes=(foreign(server),))
    version = (server.system or {}).get("comfyui_version", "of unknown version")
    last = server.queue[-1] if server.queue else None
    queue = f"{len(last.running)} running, {last.pending} pending" if last else "queue not asked"
    causes = [cause for cause in (thread_cause(server),) if cause is not None]
    return Stage(promise=promise, evidence=f"ComfyUI {version}; {queue}", causes=(*causes, *failed_packs(server)))


def foreign(server: ServerEvidence) -> Cause:
    """Something else answers."""
    first = server.answers[0]
    return Cause(
        rule=rules.FOREIGN,
        subject=server.address,
        claim=f"what answers at {server.address} is not a ComfyUI",
        evidence=f"{first.method} {first.url} answered {first.status}",
        confidence=Confidence.LIKELY,
        seen={"status": first.status},
    )


def thread_cause(server: ServerEvidence) -> Cause | None:
    """Dead for sure, dead by all appearance, or only not moving."""
    samples = server.queue
    moved = len({(s.running, s.pending) for s in samples[-2:]}) > 1
    last = samples[-1] if samples else None
    span = (samples[-1].at_ms - samples[0].at_ms) / 1000 if len(samples) > 1 else 0.0
    busy = last is not None and bool(last.running or last.pending)
    numbers = f"/queue: {len(last.running)} running, {last.pending} pending" if last else "/queue not asked"
    if busy and span >= 0.1:
        numbers += f", {'moving' if moved else 'the same'} over {span:.1f} s"
    seen = {"running": len(last.running) if last else None, "pending": last.pending if last else None, "span_s": span}
    crash = DEAD_THREAD.search(server.log)
    if crash:
        said = LAST_LINE.search(server.log, crash.end())
        why = f"; log: {crash[0]}" + (f": {said[0][:120]}" if said else "")
        return dead(server, numbers + why, Confidence.CERTAIN, seen)
    if last is None or not busy or moved:
        return None
    links = [link for prompt in last.prompts for link in dangling(prompt)]
    if links:
        return dead(server, f"{numbers}; the running prompt: {links[0]}", Confidence.LIKELY, seen)
    if span >= 1 and not last.running:
        return dead(server, f"{numbers}: nothing runs while prompts wait", Confidence.LIKELY, seen)
    if span < 1:
        return None
    return Cause(
        rule=rules.STALLED,
        subject=server.address,
        claim=f"the queue of {server.address} did not move: it works on something long, or its worker thread is dead",
        evidence=numbers,
        confidence=Confidence.POSSIBLE,
        # A prompt that runs for some seconds is no reason for alarm.
        severity=None if last.pending else Severity.INFO,
        seen=seen,
    )


def dead(server: ServerEvidence, evidence: str, confidence: Confidence, seen: Mapping[str, Any]) -> Cause:
    """The worker thread is dead."""
    return Cause(
        rule=rules.DEAD,
        subject=server.address,
        claim=f"ComfyUI at {server.address} answers, but executes nothing: its worker thread is dead",
        evidence=evidence,
        confidence=confidence,
        seen=seen,
    )


def dangling(prompt: Any) -> list[str]:
    """Links of a prompt to nodes that are not in it, in words (ComfyUI issue 16312)."""
    found = []
    for node_id, node in prompt.items() if isinstance(prompt, dict) else ():
        inputs = node.get("inputs") if isinstance(node, dict) else None
        for name, value in inputs.items() if isinstance(inputs, dict) else ():
            is_link = isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int)
            if is_link and str(value[0]) not in prompt:
                found.append(f"input '{name}' of node {node_id} is linked to node {value[0]!r}, which is not there")
    return found


def failed_packs(server: ServerEvidence) -> Iterator[Cause]:
    """Packs that did not import, by the log, or because none of their required classes is there."""
    reasons = {base(m["path"]): m["reason"] for m in CANNOT_IMPORT.finditer(server.log)}
    failed = dict.fromkeys(base(m["path"]) for m in IMPORT_FAILED.finditer(server.log))
    for pack in failed:
        needed = server.packs_needed.get(pack, ())
        reason = f": {reasons[pack]}" if pack in reasons else ""
        yield Cause(
            rule=rules.PACK_FAILED,
            subject=f"{server.address} {pack}",
            claim=f"the node pack {pack} failed to import, so none of its classes is there",
            evidence=f"log: (IMPORT FAILED) {pack}{reason[:200]}"
            + (f"; required of it: {', '.join(needed)}" if needed else ""),
            severity=Severity.ERROR if needed else None,
            seen={"pack": pack, "required": list(needed)},
        )
    for pack, classes in server.packs_needed.items():
        if pack in failed or server.inventory is None or not classes or pack_of(pack) == CORE:
            continue
        # Absent means absent only where the class, or the whole inventory, was asked for.
        known = [c for c in classes if c in server.asked_classes or len(server.inventory) > len(server.asked_classes)]
        if known and not any(c in server.inventory for c in classes):
            yield Cause(
                rule=rules.PACK_FAILED,
                subject=f"{server.address} {pack}",
                claim=f"the node pack {pack} is not there: not installed, or it failed to import",
                evidence=f"none of its required classes is loaded: {', '.join(known)}",
                confidence=Confidence.LIKELY,
                severity=Severity.ERROR,
                seen={"pack": pack, "required": list(classes)},
            )


def base(path: str) -> str:
    """The folder's name, of a path in either spelling."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]
