"""Do the required model files lie on the network volume where the worker looks for them?"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from comfytape_contracts.contract.volume import S3_DATA_CENTERS
from comfytape_contracts.inventory.spec import MODEL_SUFFIXES
from comfytape_contracts.model_files import SMALLEST_MODEL, size_words
from comfytape_contracts.rules import volume as rules
from comfytape_contracts.volume import VolumeListing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.contract import ModelFile
    from comfytape_contracts.contract.volume import NetworkVolume
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.rules import Rule
    from comfytape_contracts.volume import S3Object

__all__ = ["check_volume"]

POD_MOUNT = "/workspace"
"""Where a pod has the same volume (docs.runpod.io, storage/network-volumes)."""


def check_volume(subject: Subject) -> Outcome:
    """Hold ``models`` against the listing of ``volume``; files that are ``baked`` into the image are left out."""
    outcome = subject.outcome()
    volume = subject.model.volume
    if volume is None:
        return outcome
    wanted = [(n, file) for n, file in enumerate(subject.model.models) if not file.baked]
    listing = VolumeListing.of(subject.tape.cassette)
    promise = "model files lie on the volume where the worker looks"
    where = subject.in_contract("volume")
    trouble = listing.trouble if listing else "the recording holds no listing of it"
    findings = [replace(unseen(volume, trouble, listing), location=where)] if trouble else []
    if listing is None or (trouble and not listing.objects):
        outcome.promise(promise, findings, trouble)
        return outcome
    # What was listed so far may show mistakes, but no absence.
    look = Look(volume, listing)
    placed = 0
    for number, file in wanted:
        found = look.judge(file)
        placed += found is None
        if found is not None and not (trouble and found.rule == rules.MISSING.id):
            findings.append(replace(found, location=subject.in_contract("models", number)))
    outcome.promise(
        promise,
        [*findings, *look.unnamed(subject.model.models)],
        f"{placed} of {len(wanted)} files in place; {len(listing.objects)} seen on volume {listing.volume}"
        + (f", and then: {trouble}" if trouble else ""),
    )
    outcome.measurements |= {"volume_files": len(listing.objects), "volume_files_placed": placed}
    return outcome


def unseen(volume: NetworkVolume, said: str, listing: VolumeListing | None) -> Finding:
    """The finding for a listing that is not there, or not whole."""
    known = volume.data_center in S3_DATA_CENTERS
    beside = "" if known else f"; {volume.data_center} is none of the data centres known to have an S3 API"
    where = f" at {listing.server}" if listing else ""
    return rules.UNSEEN.finding(
        f"the network volume was not seen{where}: {said}{beside}", actual=said, identity={"what": "volume"}
    )


def size_rule(file: ModelFile, there: S3Object) -> Rule | None:
    """The rule that a file's size breaks, or None."""
    if there.size == 0:
        return rules.EMPTY
    if file.size is not None:
        return rules.SIZE if there.size != file.size else None
    return rules.PLACEHOLDER if there.size < SMALLEST_MODEL and there.name.endswith(MODEL_SUFFIXES) else None


@dataclass(frozen=True)
class Look:
    """One look at a listing."""

    volume: NetworkVolume
    listing: VolumeListing

    @cached_property
    def by_name(self) -> dict[str, list[S3Object]]:
        """Files by their name in small letters."""
        found: dict[str, list[S3Object]] = {}
        for each in self.listing.objects.values():
            found.setdefault(each.name.lower(), []).append(each)
        return found

    def judge(self, file: ModelFile) -> Finding | None:
        """What is wrong with one required file, or None."""
        name = file.name.replace("\\", "/")
        places = self.volume.places_of(file.folder)
        keys = [f"{place}/{name}" for place in places]
        there = next((self.listing.objects[key] for key in keys if key in self.listing.objects), None)
        if there is not None:
            return self.wrong_size(file, there)
        others = self.by_name.get(name.rpartition("/")[2].lower(), [])
        if not places:
            return self.unread(file, others)
        target = keys[0]
        spelled = [o for o in others if o.key.lower() in {key.lower() for key in keys}]
        elsewhere = [o for o in others if o.name == name.rpartition("/")[2]]
        if spelled:
            return self.lies(rules.CASE, file, spelled[0], target, "capitals differ")
        if elsewhere:
            return self.lies(rules.WRONG_FOLDER, file, elsewhere[0], target, self.why_unread(elsewhere[0]))
        if others:
            return self.lies(rules.CASE, file, others[0], target, "folder and capitals differ")
        ended = self.other_ending(keys)
        if ended is not None:
            return self.lies(rules.EXTENSION, file, ended, target, "the ending differs")
        looked = (
            ", ".join(f"{self.volume.mount}/{prefix}" for prefix in self.listing.looked_in) or "no folder of models"
        )
        return rules.MISSING.finding(
            f"model {file.folder}/{file.name} is nowhere on the volume: expected {self.volume.mount}/{target}; "
            f"looked in {looked}",
            expected=target,
            identity={"model": f"{file.folder}/{file.name}"},
        )

    def wrong_size(self, file: ModelFile, there: S3Object) -> Finding | None:
        """Empty, truncated or a placeholder; None where the size speaks against nothing."""
        rule = size_rule(file, there)
        if rule is None:
            return None
        return rule.finding(
            f"model {file.folder}/{file.name} {size_words(there.size, file.size)}; it lies at "
            f"{self.volume.mount}/{there.key}",
            expected=file.size,
            actual=there.size,
            identity={"model": f"{file.folder}/{file.name}"},
        )

    def unread(self, file: ModelFile, others: Sequence[S3Object]) -> Finding:
        """No folder of the volume is searched for files of this kind."""
        lies = f"; it lies at {self.volume.mount}/{others[0].key}" if others else ""
        return rules.UNREAD_FOLDER.finding(
            f"model {file.folder}/{file.name} cannot come from the volume: the worker searches no folder of it for "
            f"{file.folder}{lies}",
            actual=others[0].key if others else None,
            identity={"model": f"{file.folder}/{file.name}"},
        )

    def lies(self, rule: Rule, file: ModelFile, there: S3Object, target: str, why: str) -> Finding:
        """A file that lies elsewhere than it must, with the command that moves it."""
        also = f"; and it {size_words(there.size, file.size)}" if size_rule(file, there) else ""
        return rule.finding(
            f"model {file.folder}/{file.name} lies at {self.volume.mount}/{there.key}, must lie at "
            f"{self.volume.mount}/{target}: {why}{also}",
            hint=self.move(there.key, target),
            expected=target,
            actual=there.key,
            identity={"model": f"{file.folder}/{file.name}", "lies": there.key},
        )

    def why_unread(self, there: S3Object) -> str:
        """Why a file is not read where it is."""
        searched = sorted({place for places in self.volume.searched.values() for place in places})
        if there.folder in searched:
            return f"the worker looks in {there.folder} for another kind of model"
        return f"the worker does not search {self.volume.mount}/{there.folder}".rstrip("/")

    def move(self, key: str, target: str) -> str:
        """The command that moves a file without a pod, and the quick one on a pod."""
        bucket = f"s3://{self.listing.volume}"
        far = ["aws", "s3", "mv", "--endpoint-url", self.listing.server, "--region", self.volume.data_center]
        near = shlex.join(["mv", f"{POD_MOUNT}/{key}", f"{POD_MOUNT}/{target}"])
        folder = shlex.join(["mkdir", "-p", f"{POD_MOUNT}/{target.rpartition('/')[0]}"])
        command = shlex.join([*far, f"{bucket}/{key}", f"{bucket}/{target}"])
        return f"{command} (or, at once, on a pod with the volume: {folder} && {near})"

    def other_ending(self, keys: Sequence[str]) -> S3Object | None:
        """A file of the same name with another ending: an ending added to it, or in its place."""
        for key in keys:
            folder, _, name = key.rpartition("/")
            stem = name.rpartition(".")[0] or name
            for each in self.listing.objects.values():
                same_stem = each.name.rpartition(".")[0] == stem
                if each.folder == folder and (each.name.startswith(f"{name}.") or each.name == stem or same_stem):
                    return each
        return None

    def unnamed(self, files: Sequence[ModelFile]) -> list[Finding]:
        """Model files that nothing in the contract is about."""
        named = {file.name.replace("\\", "/").rpartition("/")[2].lower() for file in files}
        extra = [
            o
            for o in self.listing.objects.values()
            if o.name.lower().endswith(MODEL_SUFFIXES) and o.name.lower() not in named
        ]
        if not extra:
            return []
        searched = {place for places in self.volume.searched.values() for place in places}
        lost = [o for o in extra if not any(o.key.startswith(f"{place}/") for place in searched)]
        shown = ", ".join(sorted(o.key for o in extra)[:5]) + (", …" if len(extra) > 5 else "")
        unread = f"; {len(lost)} of them where the worker does not look" if lost else ""
        return [
            rules.EXTRA.finding(
                f"{len(extra)} model file(s) that the contract does not name, {sum(o.size for o in extra) / 1e9:.1f} GB"
                f"{unread}: {shown}",
                actual=sorted(o.key for o in extra)[:50],
                identity={"what": "extra"},
            )
        ]
