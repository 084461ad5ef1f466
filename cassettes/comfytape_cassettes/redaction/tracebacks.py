"""Server paths and host names in Python tracebacks, brought to a form that names no user and no machine.

ComfyUI answers ``traceback`` (a list of lines; execution.py, 0.3.30-0.10.0) and RunPod's worker SDK a JSON string
with ``error_traceback`` and ``hostname`` (rp_job.py, 1.7-1.10); both hold ``File "...", line N`` as Python prints it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from comfytape_cassettes.redaction.placeholder import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ROOT", "stable_parts"]

ROOT = b"/server/"
"""What stands for the part of a path that differs between machines."""

_FRAME = re.compile(rb"File \"((?:/|[A-Za-z]:[\\/]|\\\\)[^\"\n]{1,1000})\", line [0-9]")
_HOSTNAME = re.compile(rb"\"hostname\"\s*:\s*\"([^\"\\]{1,253})\"")
_SEPARATOR = re.compile(rb"[\\/]+")
# What a path is kept from, the most telling first: a library, a node pack, the standard library, ComfyUI itself.
_ANCHORS = (
    re.compile(rb"(?:site|dist)-packages"),
    re.compile(rb"(?i:comfyui)(?=[\\/]+custom_nodes)|custom_nodes"),
    re.compile(rb"python3\.[0-9]+"),
    re.compile(rb"(?i:comfyui)"),
)


def stable_parts(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(start, end, replacement) for what differs between machines in the tracebacks that ``data`` holds."""
    if b'", line ' in data:
        for match in _FRAME.finditer(data):
            start = match.start(1)
            kept = _kept_from(match[1])
            if match[1][:kept] != ROOT:
                yield start, start + kept, ROOT
    if b'"hostname"' in data and b'"error_traceback"' in data:
        for match in _HOSTNAME.finditer(data):
            if match[1] != PLACEHOLDER.encode():
                yield *match.span(1), PLACEHOLDER.encode()


def _kept_from(path: bytes) -> int:
    """Where the part of ``path`` begins that is the same on every machine."""
    starts = [match.end() for match in _SEPARATOR.finditer(path)]
    for anchor in _ANCHORS:
        found = [start for start in starts if _is_component(anchor, path, start)]
        if found:
            return found[0 if anchor is _ANCHORS[1] else -1]
    return starts[-1]


def _is_component(anchor: re.Pattern[bytes], path: bytes, start: int) -> bool:
    match = anchor.match(path, start)
    return match is not None and path[match.end() : match.end() + 1] in (b"/", b"\\")
