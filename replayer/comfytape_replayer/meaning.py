"""What a job means: keys under which two requests are the same, exactly or apart from noise.

Keys are hashes, so finding a recorded job takes the same time among ten and among ten thousand. There are three, each
looser and dearer than the one before: ``exact`` (the same values), ``like`` (the same apart from noise in values, under
the same node ids) and ``meant`` (the same graph, whatever its node ids are).
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from comfytape_replayer.noise import NOISE, names_noise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfytape_replayer.noise import Noise

__all__ = ["Meaning", "meaning_of_input", "meaning_of_prompt", "workflow_of_input"]

ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode

SAME = frozenset({str, int, bool, type(None)})
"""Types whose values ``plain`` leaves as they are."""

SECRET_KEYS = frozenset({"comfy_org_api_key"})
"""Keys of a job's input that a recording never holds as sent (worker-comfyui handler.py, 5.5 and later)."""


class Meaning:
    """The keys of a request, each computed when it is asked for."""

    def __init__(self, workflow: Mapping[str, Any] | None, beside: Any, noise: Noise = NOISE) -> None:
        """``beside`` is what the request holds beside its workflow: all of it where there is none."""
        self.workflow = workflow
        self.beside = beside
        self.noise = noise

    @cached_property
    def exact(self) -> bytes:
        """The key of all values."""
        return hashed([plain(self.workflow), plain(self.beside)])

    @cached_property
    def like(self) -> bytes:
        """The key of all values but noise, under the node ids that were sent."""
        if self.workflow is None:
            return self.exact
        return hashed([{key: core(node, self.noise) for key, node in self.workflow.items()}, plain(self.beside)])

    @cached_property
    def meant(self) -> bytes:
        """The key of what the graph is."""
        if self.workflow is None or not self.noise.node_ids:
            return self.like
        return hashed([graph_key(self.workflow, self.noise), plain(self.beside)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Meaning) and self.exact == other.exact and self.meant == other.meant

    def __hash__(self) -> int:
        return hash(self.exact)


def workflow_of_input(job_input: Any) -> Mapping[str, Any] | None:
    """The workflow of a RunPod job's input; worker-comfyui takes the input as an object or as JSON text."""
    opened = opened_input(job_input)
    workflow = opened.get("workflow") if isinstance(opened, dict) else None
    return workflow if isinstance(workflow, dict) else None


def meaning_of_input(job_input: Any, noise: Noise = NOISE) -> Meaning:
    """Keys of a RunPod job's ``input``, of any JSON type."""
    opened = opened_input(job_input)
    workflow = workflow_of_input(opened)
    if isinstance(opened, dict):
        left_out = SECRET_KEYS if workflow is None else SECRET_KEYS | {"workflow"}
        opened = {name: value for name, value in opened.items() if name not in left_out}
    return Meaning(workflow, opened, noise)


def meaning_of_prompt(prompt: Any, noise: Noise = NOISE) -> Meaning:
    """Keys of the ``prompt`` in a body of ComfyUI's ``POST /prompt``."""
    return Meaning(prompt, None, noise) if isinstance(prompt, dict) else Meaning(None, prompt, noise)


def opened_input(job_input: Any) -> Any:
    """The input, parsed where it is JSON text."""
    if isinstance(job_input, str):
        try:
            return json.loads(job_input)
        except (ValueError, RecursionError):
            return job_input
    return job_input


def plain(value: Any) -> Any:
    """The value with whole floats as integers: JavaScript clients cannot tell 1.0 from 1."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: inner if inner.__class__ in SAME else plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [inner if inner.__class__ in SAME else plain(inner) for inner in value]
    return value


def hashed(value: Any) -> bytes:
    """A 16-byte hash of a JSON value; the order of keys does not matter."""
    return hashlib.blake2b(ENCODE(value).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def core(node: Any, noise: Noise) -> Any:
    """A node less its noise."""
    if not isinstance(node, dict):
        return plain(node)
    inputs = node.get("inputs")
    said: dict[str, Any] = {}
    for name, value in inputs.items() if isinstance(inputs, dict) else ():
        kind = value.__class__
        if kind is list or not names_noise(noise, name):
            said[name] = value if kind in SAME else plain(value)
    kept = [node.get("class_type"), said]
    return kept if noise.titles else [*kept, title_of(node)]


def title_of(node: Mapping[str, Any]) -> Any:
    """The title that the editor wrote into ``_meta``, or None."""
    meta = node.get("_meta")
    return meta.get("title") if isinstance(meta, dict) else None


def graph_key(workflow: Mapping[str, Any], noise: Noise) -> list[str]:
    """What a graph is, whatever its node ids are: each node with all that feeds it, hashed, in sorted order."""
    keys: dict[str, str] = {}
    ordered, circular = by_dependency(workflow)
    for node_id in ordered:
        keys[node_id] = node_key(workflow[node_id], keys, noise)
    # Nodes on a cycle and behind one: links among them count as links, wherever they lead.
    return sorted([*keys.values(), *(node_key(workflow[node_id], keys, noise) for node_id in circular)])


def node_key(node: Any, keys: Mapping[str, str], noise: Noise) -> str:
    """A node with its inputs; a link stands for all that feeds it."""
    from comfytape_contracts.workflow.graph import is_link  # noqa: PLC0415 - few requests come this far

    said = core(node, noise)
    if isinstance(node, dict):
        for name, value in said[1].items():
            if is_link(value):
                said[1][name] = ["link", keys.get(value[0], "?"), value[1]]
    return hashed(said).hex()


def by_dependency(workflow: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Node ids, sources before what they feed; and those that a cycle keeps from being ordered."""
    waits: dict[str, int] = {}
    feeds: dict[str, list[str]] = {}
    for node_id, node in workflow.items():
        sources = {source for source in sources_of(node) if source in workflow}
        waits[node_id] = len(sources)
        for source in sources:
            feeds.setdefault(source, []).append(node_id)
    ordered = [node_id for node_id, count in waits.items() if count == 0]
    for node_id in ordered:
        for fed in feeds.get(node_id, ()):
            waits[fed] -= 1
            if waits[fed] == 0:
                ordered.append(fed)
    done = set(ordered)
    return ordered, [node_id for node_id in workflow if node_id not in done]


def sources_of(node: Any) -> Iterator[str]:
    """Ids of the nodes that feed a node."""
    from comfytape_contracts.workflow.graph import is_link  # noqa: PLC0415 - few requests come this far

    inputs = node.get("inputs") if isinstance(node, dict) else None
    for value in inputs.values() if isinstance(inputs, dict) else ():
        if is_link(value):
            yield value[0]
