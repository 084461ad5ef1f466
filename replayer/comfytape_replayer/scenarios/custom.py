"""Scenarios of one's own, from YAML: match, then replace, delay, status, truncate, reset.

name: late-and-renamed
imitates: what our gateway did in May
rules:
  - match: {operation: status, state: COMPLETED}
    replace: {output.images.0.filename: other.png}
  - match: {operation: [run, runsync], every: 3, times: 2}
    status: 503
    body: try later
    headers: {Retry-After: "2"}
  - match: {operation: view}
    delay: 200
    truncate: 100
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import UsageError
from comfytape_replayer.faults import JSON_TYPE, Fault
from comfytape_replayer.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load_scenario"]

KEYS = {"name": str, "imitates": str, "rules": list}
MATCH = {"operation": (str, list), "every": int, "offset": int, "times": int, "state": str}
EFFECT = {
    "match": dict, "replace": dict, "delay": (int, float), "status": int, "truncate": int, "reset": bool,
    "body": (str, dict, list), "headers": dict,
}  # fmt: skip


def load_scenario(path: Path) -> Scenario:
    """A scenario from a YAML file.

    Raises:
        UsageError: the file cannot be read, or a key or value does not fit; the message names file and key.
    """
    from comfytape_contracts.yaml_file import read_yaml  # noqa: PLC0415 - only those who write scenarios pay for it

    document = read_yaml(path).data
    fields = checked(document, KEYS, str(path))
    rules = [rule_of(rule, f"{path}, rule {number}") for number, rule in enumerate(fields.get("rules", []), start=1)]
    if not rules:
        raise UsageError(f"scenario {path} has no rules", hint="add 'rules:' with a match and an effect each")
    return Scenario(name=fields.get("name", path.stem), imitates=fields.get("imitates", ""), faults=tuple(rules))


def rule_of(document: Any, where: str) -> Fault:
    """One rule."""
    fields = checked(document, EFFECT, where)
    match = checked(fields.get("match", {}), MATCH, f"{where}, match")
    effects = set(fields) - {"match", "headers", "body"}
    if not effects:
        raise UsageError(f"{where} does nothing", hint="add replace, delay, status, truncate or reset")
    operations = match.get("operation", [])
    body = fields.get("body")
    textual = isinstance(body, str)
    return Fault(
        operations=frozenset([operations] if isinstance(operations, str) else map(str, operations)),
        every=max(match.get("every", 1), 1), offset=match.get("offset", 0), times=match.get("times"),
        state=match.get("state", ""), status=fields.get("status"),
        body=None if body is None else str(body).encode() if textual else json.dumps(body).encode(),
        content_type="text/plain; charset=utf-8" if textual else JSON_TYPE,
        headers=tuple((str(name), str(value)) for name, value in fields.get("headers", {}).items()),
        delay_ms=float(fields.get("delay", 0)), truncate=fields.get("truncate"), reset=fields.get("reset", False),
        replace=tuple((str(place), value) for place, value in fields.get("replace", {}).items()),
    )  # fmt: skip


def checked(document: Any, keys: dict[str, Any], where: str) -> dict[str, Any]:
    """A mapping with known keys and fitting values."""
    if not isinstance(document, dict):
        raise UsageError(f"{where}: expected a mapping, got {type(document).__name__}")
    for key, value in document.items():
        if key not in keys:
            raise UsageError(f"{where}: unknown key {key!r}", hint=f"known keys: {', '.join(keys)}")
        if not isinstance(value, keys[key]) or (isinstance(value, bool) and keys[key] is not bool):
            raise UsageError(f"{where}: {key} cannot be {value!r}", hint="see docs/scenarios.md")
    return document
