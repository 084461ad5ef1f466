"""What the cases of a contract submit: every combination of a case's lists is one run, one run is one job."""

from __future__ import annotations

import base64
import copy
import hashlib
import itertools
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.errors import UsageError
from comfytape_contracts.cases.edges import edge_values, found_prompts, found_sizes
from comfytape_contracts.cases.fields import Place, seeds_in, targets
from comfytape_contracts.cases.suite import read_suite
from comfytape_contracts.contract.cases import Case
from comfytape_contracts.inventory import Inventory
from comfytape_contracts.workflow.file import read_workflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfytape_contracts.contract import Contract

__all__ = ["Run", "cases_of", "graph_key", "input_key", "runs_of"]

CLASS = "class_type"
SHOWN = 24
"""Characters of a value that a run's name shows."""
LARGE = 20_000_000
"""Bytes over which a file is no input image: RunPod's own limit for a job."""


@dataclass(frozen=True)
class Run:
    """One job of a case.

    Attributes:
        case: the case.
        number: its place among the case's runs, from 0.
        varied: what tells it from its sisters, in words; "" for an only one.
        job_input: what RunPod is given as ``input``.
    """

    case: Case
    number: int
    varied: str
    job_input: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Its name in recordings."""
        return f"{self.case.name}/{self.number}"

    @property
    def label(self) -> str:
        """Its name for people."""
        return f"case '{self.case.name}'" + (f" ({self.varied})" if self.varied else "")

    @cached_property
    def asks(self) -> str:
        """What tells one input from another: 16 hex digits."""
        return input_key(self.job_input)

    @property
    def workflow(self) -> Mapping[str, Any] | None:
        """The workflow it submits, or None for a raw input without one."""
        found = self.job_input.get("workflow")
        return found if isinstance(found, dict) else None


def cases_of(contract: Contract) -> list[tuple[Case, Mapping[str, Any] | None]]:
    """All cases, each with its raw input where it comes from the suite: the suite's first, then the contract's own.

    A case of the contract that is called like a test of the suite says what is expected of that test.

    Raises:
        UsageError: the suite cannot be read, or a case gives a test of the suite another input.
    """
    own = {case.name: case for case in contract.model.cases}
    found: list[tuple[Case, Mapping[str, Any] | None]] = []
    for test in read_suite(contract.beside(contract.model.suite)) if contract.model.suite else ():
        case = own.pop(test.name, None) or Case(name=test.name)
        if case.changes_input:
            raise UsageError(
                f"{contract.path}: case '{test.name}' is a test of {contract.model.suite}, which has its input already",
                hint="keep 'expects', 'outputs', 'budgets' and 'timeout_s' there, or give the case another name",
            )
        limit = case.timeout_s or (test.timeout / 1000 if test.timeout else None)
        found.append((case.model_copy(update={"timeout_s": limit}), test.input))
    return [*found, *((case, None) for case in own.values())]


def runs_of(contract: Contract, inventory: Mapping[str, Any] | None = None) -> list[Run]:
    """Every job that the cases ask for. ``inventory`` (``/object_info``) tells prompts and sizes where there is one.

    Raises:
        UsageError: a file is missing, or a case names a node or input that its workflow has not.
    """
    known = Inventory(inventory)
    runs: list[Run] = []
    for case, raw in cases_of(contract):
        if raw is not None:
            runs.append(Run(case, 0, "", raw))
            continue
        number = next((n for n, each in enumerate(contract.model.cases) if each.name == case.name), 0)
        where = f"{contract.path}:{contract.line('cases', number)}: case '{case.name}'"
        try:
            runs += expanded(contract, case, known)
        except UsageError as error:
            raise UsageError(f"{where}: {error}", hint=error.hint) from error
    return runs


def expanded(contract: Contract, case: Case, inventory: Inventory) -> Iterator[Run]:
    """The runs of one case."""
    path = contract.beside(case.workflow) if case.workflow else contract.samples_path
    graph = read_workflow(path)
    if not graph or not all(isinstance(node, dict) for node in graph.values()):
        raise UsageError(f"{path} is not a workflow in API format", hint="in ComfyUI use 'Export (API)', not 'Save'")
    fixed = {place: value for node, inputs in case.set.items() for place, value in placed(graph, node, inputs)}
    changed = with_values(graph, fixed)
    images = [uploaded(contract, image.file, image.upload_name) for image in case.images]
    for number, combination in enumerate(itertools.product(*axes(case, changed, inventory))):
        values = {place: value for _, one in combination for place, value in one.items()}
        workflow = with_values(changed, values)
        job_input = {"workflow": workflow, **({"images": images} if images else {})}
        yield Run(case, number, ", ".join(words for words, _ in combination), job_input)


def axes(case: Case, graph: Mapping[str, Any], inventory: Inventory) -> list[list[tuple[str, dict[Place, Any]]]]:
    """Everything that varies: for each a list of values, with words for them."""
    found: list[list[tuple[str, dict[Place, Any]]]] = []
    if case.prompts:
        places = found_prompts(graph, inventory, "prompts")
        found.append([(f"prompt {shown(text)}", dict.fromkeys(places, text)) for text in case.prompts])
    if case.seeds:
        seeds = seeds_in(graph)
        if not seeds:
            raise UsageError("seeds: the workflow has no whole number that is called a seed")
        found.append([(f"seed {seed}", dict.fromkeys(seeds, seed)) for seed in case.seeds])
    if case.sizes:
        pairs = found_sizes(graph, inventory, "sizes")
        found.append([(f"{w}x{h}", {p: v for pair in pairs for p, v in zip(pair, (w, h), strict=True)})
                      for w, h in case.sizes])  # fmt: skip
    if case.edge:
        found.append([(edge, edge_values(edge, graph, inventory, case.largest)) for edge in case.edge])
    for node, inputs in case.sweep.items():
        for name, values in inputs.items():
            ((place, _),) = placed(graph, node, {name: None})
            found.append([(f"{node}.{name} {shown(value)}", {place: value}) for value in values])
    return found


def placed(graph: Mapping[str, Any], name: str, inputs: Mapping[str, Any]) -> Iterator[tuple[Place, Any]]:
    """Inputs of the one node that a name means.

    Raises:
        UsageError: it means none or several, or the node has no such input.
    """
    ids = targets(graph, name)
    if len(ids) != 1:
        known = ", ".join(f"{key} ({node.get(CLASS)})" for key, node in graph.items())
        raise UsageError(
            f"'{name}' means {'no node' if not ids else 'nodes ' + ', '.join(ids)} of the workflow",
            hint=f"name one by id, title or class; its nodes are {known}",
        )
    has = graph[ids[0]].get("inputs")
    has = has if isinstance(has, dict) else {}
    for key, value in inputs.items():
        if key not in has and key != CLASS:
            raise UsageError(
                f"node {ids[0]} has no input '{key}'", hint=f"it has {', '.join((*has, CLASS))}; others are ignored"
            )
        yield (ids[0], key), value


def with_values(graph: Mapping[str, Any], values: Mapping[Place, Any]) -> dict[str, Any]:
    """The workflow with other values; ``class_type`` as an input name replaces the node's class."""
    changed = copy.deepcopy(dict(graph))
    for (node, name), value in values.items():
        (changed[node] if name == CLASS else changed[node]["inputs"])[name] = value
    return changed


def uploaded(contract: Contract, file: str, name: str) -> dict[str, str]:
    """An input image as worker-comfyui takes it (handler.py, upload_images).

    Raises:
        UsageError: the file is not there, or larger than any job.
    """
    path = contract.beside(file)
    if path.stat().st_size > LARGE:
        raise UsageError(f"{path} has {path.stat().st_size:,} bytes; a job of RunPod takes at most {LARGE:,}")
    return {"name": name, "image": base64.b64encode(path.read_bytes()).decode()}


def shown(value: Any) -> str:
    """A value in a few characters."""
    text = value if isinstance(value, str) else json.dumps(value)
    line = " ".join(text.split())
    return f"'{line if len(line) <= SHOWN else line[: SHOWN - 1] + '…'}'" if isinstance(value, str) else line


def input_key(job_input: Any) -> str:
    """16 hex digits over an input; titles of nodes are noise, and so is whether it came as a JSON string."""
    if isinstance(job_input, str):
        try:
            job_input = json.loads(job_input)
        except (ValueError, RecursionError):
            return digest(job_input)
    if not isinstance(job_input, dict) or not isinstance(job_input.get("workflow"), dict):
        return digest(job_input)
    return digest({**job_input, "workflow": bare(job_input["workflow"])})


def graph_key(workflow: Mapping[str, Any]) -> str:
    """16 hex digits over a workflow alone, as ComfyUI is given it."""
    return digest(bare(workflow))


def bare(workflow: Mapping[str, Any]) -> dict[str, Any]:
    """A workflow without what only the editor reads."""
    return {
        key: {k: v for k, v in node.items() if k != "_meta"} if isinstance(node, dict) else node
        for key, node in workflow.items()
    }


def digest(value: Any) -> str:
    """16 hex digits over a JSON value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
