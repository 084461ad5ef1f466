"""Finding the workflow inside whatever a client saved: a request body, a RunPod job, a JSON string."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Unwrapped", "WorkflowFormat", "format_of", "unwrap"]

_MAX_DEPTH = 8
"""Envelopes inside envelopes that are opened; real ones nest two deep (RunPod job, then workflow)."""

_ENVELOPE_KEYS = ("input", "prompt", "workflow")
"""``prompt``: body of ComfyUI's ``POST /prompt``; ``input`` and ``workflow``: a job for RunPod's worker-comfyui."""


class WorkflowFormat(StrEnum):
    """Which of ComfyUI's two formats a document has."""

    API = "api"
    UI = "ui"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """What was inside the envelopes.

    Attributes:
        graph: the workflow itself, of any JSON type: nothing about it is checked here.
        path: the keys that lead to it, outermost first; empty where the document is the workflow.
        targets: ``partial_execution_targets`` of a ``POST /prompt`` body, or None.
        textual: True where the workflow was a JSON string inside the document, so it has no lines of its own.
    """

    graph: Any
    path: tuple[str, ...] = ()
    targets: Any = None
    textual: bool = False


def unwrap(document: Any) -> Unwrapped:
    """Open envelopes until a workflow, or something that is no envelope, is left. Never raises."""
    graph: Any = document
    path: tuple[str, ...] = ()
    targets: Any = None
    textual = False
    for _ in range(_MAX_DEPTH):
        if isinstance(graph, str):
            parsed = _parsed(graph)
            if not isinstance(parsed, Mapping):
                break
            graph, textual = parsed, True
        key = _envelope_key(graph)
        if key is None:
            break
        targets = graph.get("partial_execution_targets", targets)
        graph, path = graph[key], (*path, key)
    return Unwrapped(graph, path, targets, textual)


def format_of(graph: Any) -> WorkflowFormat:
    """UI format has a list of ``nodes``; API format maps ids to objects with a ``class_type``."""
    if not isinstance(graph, Mapping):
        return WorkflowFormat.UNKNOWN
    if isinstance(graph.get("nodes"), list):
        return WorkflowFormat.UI
    if any(isinstance(node, Mapping) and "class_type" in node for node in graph.values()):
        return WorkflowFormat.API
    return WorkflowFormat.UNKNOWN


def _envelope_key(graph: Any) -> str | None:
    if not isinstance(graph, Mapping) or format_of(graph) is not WorkflowFormat.UNKNOWN:
        return None
    for key in _ENVELOPE_KEYS:
        inner = graph.get(key)
        if isinstance(inner, Mapping | list) or (isinstance(inner, str) and inner.lstrip().startswith("{")):
            return key
    return "prompt" if "prompt" in graph and graph["prompt"] is None else None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
