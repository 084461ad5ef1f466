"""Drafting a contract: from a workflow alone, and from what a recording shows, each line with its evidence."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

import yaml

from comfytape_contracts.contract.pinning import REGISTRY_FILE
from comfytape_contracts.images import look_at
from comfytape_contracts.lint.packs import pack_providing
from comfytape_contracts.model_files import model_files
from comfytape_contracts.outputs import image_count, images_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfytape_contracts.tape import Tape

__all__ = ["draft_contract"]

HEAD = """\
# A draft. What 'advisory' lists only advises: its findings are warnings. Delete a name there to make it a promise.
name: {name}
workflow: {workflow}
advisory: [nodes, models, versions, outputs, budgets]
"""


def draft_contract(name: str, workflow_file: str, workflow: Mapping[str, Any], tape: Tape | None) -> str:
    """The text of a contract.yaml for a workflow in API format, with comments that say where each line comes from."""
    lines = [HEAD.format(name=name, workflow=scalar(workflow_file))]
    lines += ["nodes:", *nodes(workflow, tape)]
    files = sorted(set(model_files(workflow)))
    if files:
        lines += ["", "models:", *models(files, tape)]
    bare = ["outputs: {images: 1}", "budgets: {success_rate: 1.0, samples: 10}"]
    lines += ["", *(seen(tape) if tape is not None else bare)]
    lines += ["", *vary(workflow), "max_age: 30d", ""]
    return "\n".join(lines)


def scalar(value: Any) -> str:
    """A value as YAML writes it on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=1_000_000, allow_unicode=True)
    return text.removesuffix("...\n").strip()


def nodes(workflow: Mapping[str, Any], tape: Tape | None) -> Iterator[str]:
    """One line a class: with the pack that the recording shows, else the one that is known to provide it."""
    inventory = (tape.inventory if tape else None) or {}
    for class_type in sorted({str(node["class_type"]) for node in workflow.values()}):
        found = inventory.get(class_type)
        module = str(found.get("python_module", "")) if isinstance(found, dict) else ""
        pack = module.removeprefix("custom_nodes.") or pack_providing("classes", class_type)
        evidence = "" if not tape else "  # seen in the recording" if found else "  # NOT in the recording"
        yield f"  - {{class: {scalar(class_type)}{f', pack: {scalar(pack)}' if pack else ''}}}{evidence}"


def models(files: list[tuple[str, str]], tape: Tape | None) -> Iterator[str]:
    """One line a file, with its size where the recording shows it."""
    for folder, name in files:
        size = tape.model_sizes.get((folder, name)) if tape else None
        there = name in tape.models.get(folder, ()) if tape else False
        evidence = "" if not tape else "  # seen in the recording" if there else "  # NOT seen in the recording"
        known = f", size: {size}" if size else ""
        yield f"  - {{folder: {scalar(folder)}, name: {scalar(name)}{known}}}{evidence}"


def seen(tape: Tape) -> Iterator[str]:
    """Versions, outputs and budgets as the recording shows them."""
    version = tape.system.get("comfyui_version")
    if version:
        yield f"versions: {{comfyui: '>={version}', registry: {REGISTRY_FILE}}}  # recorded with {version}"
    jobs = [job.last for job in tape.jobs if job.last and job.last.status == "COMPLETED"]
    looks = [look_at(image.read()) for job in jobs for image in images_of(job) if image.data]
    if looks and len({(k.format, k.width, k.height) for k in looks}) == 1:
        first = looks[0]
        each = min(image_count(job) for job in jobs)
        yield (
            f"outputs: {{images: {each}, format: {first.format}, width: {first.width}, height: {first.height}}}"
            f"  # all {len(looks)} recorded images"
        )
    else:
        yield "outputs: {images: 1}"
    times = [job.execution_ms / 1000 for job in jobs if job.execution_ms]
    if times:
        yield (
            f"budgets: {{success_rate: 1.0, samples: 10, generation_s: {max(max(times) * 1.5, 1):.0f}}}"
            f"  # recorded: median {median(times):.1f} s, slowest {max(times):.1f} s over {len(times)} jobs"
        )
    else:
        yield "budgets: {success_rate: 1.0, samples: 10}"


def vary(workflow: Mapping[str, Any]) -> Iterator[str]:
    """Seeds are counted up from sample to sample: ComfyUI answers an equal prompt from its cache."""
    seeds = [
        (node_id, name, node["inputs"][name])
        for node_id, node in workflow.items()
        for name in ("seed", "noise_seed")
        if isinstance(node.get("inputs"), dict) and isinstance(node["inputs"].get(name), int)
    ]
    yield "samples:"
    yield "  count: 10"
    if seeds:
        yield "  vary:"
    for node_id, name, value in seeds:
        yield f"    - {{node: {scalar(node_id)}, input: {name}, start: {value}}}"
