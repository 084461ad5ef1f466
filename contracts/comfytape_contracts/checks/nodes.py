"""Are the classes that the contract requires loaded, and by the right pack?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfytape_contracts.findings import Location
from comfytape_contracts.inventory import CORE, Inventory, pack_of, parse_version
from comfytape_contracts.lint import Behaviour
from comfytape_contracts.rules.dependency import DEPENDENCIES_UNKNOWN, NODE_MISSING, NODE_PACK
from comfytape_contracts.workflow import Positions

if TYPE_CHECKING:
    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.contract import RequiredNode
    from comfytape_contracts.findings import Finding

__all__ = ["check_nodes", "required_classes"]


def check_nodes(subject: Subject) -> Outcome:
    """Hold ``nodes`` and the workflow's own classes against ``/object_info``."""
    outcome = subject.outcome()
    required = {node.class_type: node for node in subject.model.nodes}
    wanted = required_classes(subject)
    inventory = subject.tape.inventory
    if inventory is None:
        finding = DEPENDENCIES_UNKNOWN.finding(
            f"{len(wanted)} node classes are required, but the recording holds no /object_info",
            location=subject.in_contract("nodes"),
            expected=wanted,
            identity={"what": "nodes"},
        )
        outcome.promise("required nodes are loaded", [finding], "no /object_info on the tape")
        return outcome
    findings: list[Finding] = []
    for class_type in wanted:
        if class_type in inventory:
            findings += wrong_pack(subject, required.get(class_type), inventory[class_type])
        elif subject.tape.inventory_is_whole or class_type in subject.tape.classes_asked:
            findings.append(missing(subject, class_type, required.get(class_type), len(inventory)))
        else:
            findings.append(
                DEPENDENCIES_UNKNOWN.finding(
                    f"the recording never asked for node class '{class_type}'",
                    location=place(subject, class_type),
                    identity={"what": class_type},
                )
            )
    gone = {f.location.class_type for f in findings}
    there = len(wanted) - len(gone)
    outcome.promise(
        "required nodes are loaded, by the right packs",
        findings,
        f"{there} of {len(wanted)} classes as promised, of {len(inventory)} on the endpoint",
    )
    outcome.measurements["nodes_required"] = len(wanted)
    outcome.measurements["nodes_verified"] = there
    return outcome


def required_classes(subject: Subject) -> list[str]:
    """Classes that the contract lists or its workflow uses, in alphabetical order."""
    return sorted({node.class_type for node in subject.model.nodes} | set(uses(subject)))


def uses(subject: Subject) -> dict[str, list[str]]:
    """Node ids by class, as the contract's workflow uses them."""
    used: dict[str, list[str]] = {}
    for node_id, node in subject.workflow.items():
        class_type = node.get("class_type") if isinstance(node, dict) else None
        if isinstance(class_type, str):
            used.setdefault(class_type, []).append(node_id)
    return used


def place(subject: Subject, class_type: str) -> Location:
    """The first node of that class in the workflow file, or the contract's own line."""
    ids = uses(subject).get(class_type)
    if not ids:
        number = next((i for i, n in enumerate(subject.model.nodes) if n.class_type == class_type), 0)
        at = subject.in_contract("nodes", number)
        return Location(file=at.file, line=at.line, class_type=class_type)
    line = Positions.of(subject.workflow_text).line(ids[0])
    return Location(file=str(subject.contract.workflow_path), line=line, node_id=ids[0], class_type=class_type)


def missing(subject: Subject, class_type: str, required: RequiredNode | None, loaded: int) -> Finding:
    """The finding for a class that is not there."""
    where = place(subject, class_type)
    pack = required.pack if required and required.pack else ""
    others = uses(subject).get(class_type, [])
    nodes = f"node {', '.join(others)} of {where.file} needs" if others else f"{where.file} requires"
    return NODE_MISSING.finding(
        f"{nodes} class '{class_type}'"
        + (f" of pack {pack}" if pack else "")
        + f", which is not among the {loaded} classes that the endpoint loaded",
        hint=hint_for(pack),
        location=where,
        expected=class_type,
        actual=None,
        server_error=refusal_type(subject) if others else None,
    )


def hint_for(pack: str) -> str:
    """What to do about a class of this pack; "" leaves it to the rule."""
    if not pack:
        return ""
    if pack_of(pack) == CORE:
        return (
            f"The class is ComfyUI's own ({pack}): this version does not have it, or a package "
            "that the module imports is missing; read the start-up log, or update ComfyUI in the worker image."
        )
    return (
        f"Pack {pack} is missing or failed to import: read ComfyUI's start-up log for 'IMPORT FAILED', fix it in the "
        "worker image, then record again."
    )


def refusal_type(subject: Subject) -> str:
    """What this ComfyUI calls a class that it does not have; the name changed with 0.12.0."""
    said = parse_version(str(subject.tape.system.get("comfyui_version", "")))
    return Behaviour.behind(Inventory(subject.tape.inventory), at_least=said).unknown_class


def wrong_pack(subject: Subject, required: RequiredNode | None, node: object) -> list[Finding]:
    """A finding when another pack provides the class."""
    module = str(node.get("python_module", "")) if isinstance(node, dict) else ""
    if (
        required is None
        or not required.pack
        or module.removeprefix("custom_nodes.") == required.pack.removeprefix("custom_nodes.")
    ):
        return []
    return [
        NODE_PACK.finding(
            f"class '{required.class_type}' comes from {module or 'nowhere named'}, expected {required.pack}",
            location=place(subject, required.class_type),
            expected=required.pack,
            actual=module,
        )
    ]
