"""What a job means: keys under which two requests are the same, exactly or apart from noise.

Noise is what clients vary without wanting another picture compared: seeds, titles, node ids, file-name prefixes. Keys
are hashes, so finding a recorded job takes the same time among ten and among ten thousand.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from comfytape_contracts.workflow.graph import is_link

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Meaning", "is_noise", "meaning_of_input", "meaning_of_prompt", "workflow_of_input"]

NOISE = re.compile(r"(?:^|_)seed(?:$|_)|^filename_prefix$|^control_after_generate$")
"""Input names that are noise: ``seed``, ``noise_seed``, ``noise_seed_sde`` and so on, and SaveImage's prefix."""

ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode

SAME = frozenset({str, int, bool, type(None)})
"""Types whose values ``plain`` leaves as they are."""

SECRET_KEYS = frozenset({"comfy_org_api_key"})
"""Keys of a job's input that a recording never holds as sent (worker-comfyui handler.py, 5.5 and later)."""


@dataclass(frozen=True)
class Meaning:
    """Two keys of a request. ``exact``: the same values. ``meant``: the same apart from noise."""

    values: Any
    meant: bytes

    @cached_property
    def exact(self) -> bytes:
        """The key of all values."""
        return hashed(self.values)


def is_noise(name: str, value: Any) -> bool:
    """Whether an input is noise. A seed that comes over a link is part of the graph, not noise."""
    return names_noise(name) and not isinstance(value, list)


@lru_cache(maxsize=4096)
def names_noise(name: str) -> bool:
    """Whether inputs of this name are noise."""
    return NOISE.search(name) is not None


def workflow_of_input(job_input: Any) -> Mapping[str, Any] | None:
    """The workflow of a RunPod job's input; worker-comfyui takes the input as an object or as JSON text."""
    opened = opened_input(job_input)
    workflow = opened.get("workflow") if isinstance(opened, dict) else None
    return workflow if isinstance(workflow, dict) else None


def meaning_of_input(job_input: Any) -> Meaning:
    """Keys of a RunPod job's ``input``, of any JSON type."""
    opened = opened_input(job_input)
    if isinstance(opened, dict):
        opened = {name: plain(value) for name, value in opened.items() if name not in SECRET_KEYS}
    else:
        opened = plain(opened)
    workflow = workflow_of_input(opened)
    if workflow is None:
        return Meaning(opened, hashed(opened))
    beside = {name: value for name, value in opened.items() if name != "workflow"}
    return Meaning(opened, hashed([graph_key(workflow), beside]))


def meaning_of_prompt(prompt: Any) -> Meaning:
    """Keys of the ``prompt`` in a body of ComfyUI's ``POST /prompt``."""
    same = plain(prompt)
    return Meaning(same, hashed([graph_key(same)]) if isinstance(same, dict) else hashed(same))


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


def graph_key(workflow: Mapping[str, Any]) -> list[str]:
    """What a graph is, whatever its node ids are: each node with all that feeds it, hashed, in sorted order."""
    keys: dict[str, str] = {}
    ordered, circular = by_dependency(workflow)
    for node_id in ordered:
        keys[node_id] = node_key(workflow[node_id], keys)
    # Nodes on a cycle and behind one: links among them count as links, wherever they lead.
    return sorted([*keys.values(), *(node_key(workflow[node_id], keys) for node_id in circular)])


def node_key(node: Any, keys: Mapping[str, str]) -> str:
    """A node with its inputs; a link stands for all that feeds it."""
    inputs = node.get("inputs") if isinstance(node, dict) else None
    said: dict[str, Any] = {}
    for name, value in inputs.items() if isinstance(inputs, dict) else ():
        if is_link(value):
            said[name] = ["link", keys.get(value[0], "?"), value[1]]
        elif not is_noise(name, value):
            said[name] = value
    return hashed([node.get("class_type") if isinstance(node, dict) else node, said]).hex()


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
    inputs = node.get("inputs") if isinstance(node, dict) else None
    for value in inputs.values() if isinstance(inputs, dict) else ():
        if is_link(value):
            yield value[0]
