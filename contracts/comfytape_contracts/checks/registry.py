"""Are the versions that run the ones that the registry pins? Each is a line: match, mismatch or unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from comfytape_contracts.contract.registry import COMPONENTS, Registry, allows
from comfytape_contracts.findings import Location
from comfytape_contracts.rules import registry as rules
from comfytape_contracts.seen_versions import SeenVersions

if TYPE_CHECKING:
    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.contract.registry import PackPin
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.rules import Rule

__all__ = ["check_registry"]

NAMES = {
    "comfyui": "ComfyUI",
    "frontend": "the frontend",
    "python": "Python",
    "torch": "PyTorch",
    "worker": "worker-comfyui",
    "sdk": "RunPod's SDK",
}


def check_registry(subject: Subject) -> Outcome:
    """Hold the registry file against everything that the recording tells of versions.

    Raises:
        UsageError: the file is not there, or is no registry.
    """
    outcome = subject.outcome()
    registry = Registry.beside(subject.contract)
    if registry is None:
        return outcome
    seen = SeenVersions.of(subject.tape)
    desk = Desk(registry, seen)
    for name in COMPONENTS:
        pinned = getattr(registry.pinned, name)
        if pinned is not None:
            found, evidence = desk.component(name, pinned)
            outcome.promise(f"{NAMES[name]} is {pinned}", found, evidence)
    for name, pin in registry.pinned.packs.items():
        found, evidence = desk.pack(name, pin)
        outcome.promise(f"pack {name}: {words(pin)}", found, evidence)
    return outcome


def words(pin: PackPin) -> str:
    """What is pinned of a pack, short."""
    told = [pin.version, f"commit {pin.commit[:7]}" if pin.commit else None]
    told += [f"definitions {pin.definitions[:14]}…"] if pin.definitions else []
    return ", ".join(word for word in told if word) or "there"


def verdict(kind: str, pinned: str, found: str) -> str:
    """``match``, ``mismatch``, or ``unknown`` where nothing was found."""
    if not found:
        return "unknown"
    if kind == "definitions":
        same = found == pinned
    elif kind == "commit":
        same = found.startswith(pinned) or pinned.startswith(found)
    else:
        same = allows(pinned, found)
    return "match" if same else "mismatch"


@dataclass(frozen=True)
class Desk:
    """The registry beside what was seen."""

    registry: Registry
    seen: SeenVersions

    def component(self, name: str, pinned: str) -> tuple[list[Finding], str]:
        """What speaks against one pinned version, and the evidence."""
        seen = self.seen.parts.get(name)
        if seen is None and name == "worker" and self.seen.worker_shape:
            return self.worker_by_shape(pinned)
        if seen is None:
            said = f"{NAMES[name]} must be {pinned}, and the recording does not tell its version"
            return [self.made(rules.PIN_UNSEEN, said, pinned, None, name)], "not seen"
        if allows(pinned, seen.version):
            return [], f"match: {seen.version}, by {seen.where}"
        said = f"{NAMES[name]} is {seen.version} ({seen.where}), pinned is {pinned}"
        return [self.made(rules.PIN_BROKEN, said, pinned, seen.version, name)], f"mismatch: {seen.version}"

    def worker_by_shape(self, pinned: str) -> tuple[list[Finding], str]:
        """The shape of results tells versions before 4.1.0 from later ones, and no more."""
        new = self.seen.worker_shape == "new"
        told = "results have 'images', as from 4.1.0 on" if new else "results have 'message', as before 4.1.0"
        if pinned[0].isdigit() and (Version(pinned) >= Version("4.1.0")) != new:
            said = f"worker-comfyui is not {pinned}: {told}"
            return [self.made(rules.PIN_BROKEN, said, pinned, told, "worker")], f"mismatch: {told}"
        said = f"worker-comfyui must be {pinned}; {told}, which does not decide it"
        return [self.made(rules.PIN_UNSEEN, said, pinned, told, "worker")], f"unknown: {told}"

    def pack(self, name: str, pin: PackPin) -> tuple[list[Finding], str]:
        """What speaks against one pinned pack, and the evidence."""
        seen = self.seen.pack(name)
        if seen is None and not self.seen.packs:
            said = f"pack {name} is pinned, and the recording holds no inventory"
            return [self.made(rules.PIN_UNSEEN, said, words(pin), None, "packs", name)], "not seen"
        if seen is None or not seen.enabled:
            how = "is disabled" if seen else f"is not among {', '.join(self.seen.packs)}"
            said = f"pack {name} {how}"
            return [self.made(rules.PACK_ABSENT, said, words(pin), None, "packs", name)], how
        compared = [(kind, getattr(pin, kind), getattr(seen, kind)) for kind in ("version", "commit", "definitions")]
        told = {kind: verdict(kind, pinned, found) for kind, pinned, found in compared if pinned}
        findings = [
            self.made(
                rules.DEFINITIONS if kind == "definitions" else rules.PIN_BROKEN,
                f"pack {name}: {kind} {found[:47]}, pinned is {pinned[:47]}",
                pinned,
                found,
                *("packs", name, kind),
            )
            for kind, pinned, found in compared
            if told.get(kind) == "mismatch"
        ]
        if told and set(told.values()) == {"unknown"}:
            why = "ComfyUI-Manager does not tell it" if self.seen.manager else "there is no ComfyUI-Manager"
            said = f"pack {name} must be {words(pin)}, and nobody tells: {why}"
            findings.append(self.made(rules.PIN_UNSEEN, said, words(pin), None, "packs", name))
        return findings, ", ".join(f"{kind}: {how}" for kind, how in told.items()) or "match: it is there"

    def made(self, rule: Rule, said: str, pinned: object, seen: object, *keys: str) -> Finding:
        """A finding that points into the registry file."""
        place = Location(file=str(self.registry.file.path), line=self.registry.line(*keys))
        return rule.finding(said, location=place, expected=pinned, actual=seen, identity={"pin": list(keys)})
