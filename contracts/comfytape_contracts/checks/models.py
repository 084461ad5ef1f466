"""Are the model files there, in the right folder, with the right size?"""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

from comfytape_contracts.inventory.spec import MODEL_SUFFIXES
from comfytape_contracts.model_files import SMALLEST_MODEL, size_words
from comfytape_contracts.rules.dependency import (
    DEPENDENCIES_UNKNOWN,
    MODEL_HASH_UNKNOWN,
    MODEL_MISSING,
    MODEL_PLACEHOLDER,
    MODEL_SIZE,
)

if TYPE_CHECKING:
    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.contract import ModelFile
    from comfytape_contracts.findings import Finding

__all__ = ["check_models"]


def check_models(subject: Subject) -> Outcome:
    """Hold ``models`` against ``/models/{folder}`` and the sizes of ``/experiment/models/{folder}``."""
    outcome = subject.outcome()
    if not subject.model.models:
        return outcome
    findings: list[Finding] = []
    there = 0
    for number, file in enumerate(subject.model.models):
        found = check_file(subject, file)
        there += not found
        findings += [replace(f, location=subject.in_contract("models", number)) for f in found]
    sized = sum((file.folder, file.name) in subject.tape.model_sizes for file in subject.model.models)
    outcome.promise(
        "required models are in place",
        findings,
        f"{there} of {len(subject.model.models)} files as promised; sizes seen for {sized}",
    )
    check_hashes(subject, outcome)
    outcome.measurements["models_required"] = len(subject.model.models)
    outcome.measurements["models_verified"] = there
    return outcome


def check_hashes(subject: Subject, outcome: Outcome) -> None:
    """Say plainly that nobody computed a promised ``sha256``; the sizes are held beside this."""
    hashed = [number for number, file in enumerate(subject.model.models) if file.sha256]
    if not hashed:
        return
    names = ", ".join(subject.model.models[number].name for number in hashed)
    finding = MODEL_HASH_UNKNOWN.finding(
        f"the sha256 of {len(hashed)} model file(s) was not seen: {names}",
        location=subject.in_contract("models", hashed[0], "sha256"),
        identity={"what": "sha256"},
    )
    said = "ComfyUI tells names and sizes, the volume's S3 API an MD5 of parts; nobody computed a sha256"
    outcome.promise("model files have the promised sha256", [finding], said)


def check_file(subject: Subject, file: ModelFile) -> list[Finding]:
    """Findings about one file."""
    tape = subject.tape
    label = f"{file.folder}/{file.name}"
    identity = {"model": label}
    listed = tape.models.get(file.folder)
    if listed is None and file.folder not in tape.model_folders_asked:
        return [
            DEPENDENCIES_UNKNOWN.finding(
                f"model {label}: the recording never asked for /models/{file.folder}", identity=identity
            )
        ]
    if file.name not in (listed or ()):
        return [
            MODEL_MISSING.finding(
                f"model {label} is not there: " + found_instead(subject, file, listed),
                expected=label,
                actual=sorted(listed or ())[:20],
                identity=identity,
            )
        ]
    size = tape.model_sizes.get((file.folder, file.name))
    if size is None:
        unseen = f"model {label}: its size is promised, but was not recorded"
        return [DEPENDENCIES_UNKNOWN.finding(unseen, identity=identity)] if file.size is not None else []
    if size == file.size:
        return []
    is_small = size < SMALLEST_MODEL and file.name.endswith(MODEL_SUFFIXES)
    if file.size is None and not is_small:
        return []
    rule = MODEL_PLACEHOLDER if file.size is None else MODEL_SIZE
    return [
        rule.finding(f"model {label} {size_words(size, file.size)}", expected=file.size, actual=size, identity=identity)
    ]


def found_instead(subject: Subject, file: ModelFile, listed: frozenset[str] | None) -> str:
    """What is there instead: the same file in another folder, a near name, or the list."""
    elsewhere = [folder for folder, names in sorted(subject.tape.models.items()) if file.name in names]
    if elsewhere:
        return f"it is in {', '.join(elsewhere)} instead"
    if listed is None:
        return f"ComfyUI has no model folder '{file.folder}'"
    near = difflib.get_close_matches(file.name, sorted(listed), n=1)
    if near:
        return f"the folder has '{near[0]}'; did you mean that?"
    return f"the folder holds {len(listed)} other file(s)" if listed else "the folder is empty"
