"""Converts the recorded workflows and compares with what ComfyUI's own frontend made of them.

Prints the table of docs/conversion.md: ``python benchmarks/conversion.py``.
"""

from __future__ import annotations

import json
import lzma
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from comfytape_contracts.convert import ConversionError, convert_workflow

DATA = Path(__file__).parent.parent / "tests" / "data" / "conversion"
SETS = (
    ("templates-0.3.64", "templates", "0.3.64 + RES4LYF", "1.27.10"),
    ("templates-0.10.0", "templates", "0.10.0", "1.36.14"),
    ("templates-0.33.0", "templates", "0.33.0", "1.49.6"),
    ("edited-0.10.0", "edited templates", "0.10.0", "1.36.14"),
    ("edited-0.33.0", "edited templates", "0.33.0", "1.49.6"),
)

HEADER = """\
| workflows | ComfyUI | frontend | compared | equal | equal but for a title | different | refused |
|---|---|---|---:|---:|---:|---:|---:|"""


def _untitled(prompt: dict[str, Any]) -> dict[str, Any]:
    return {key: {**node, "_meta": None} for key, node in prompt.items()}


def _same(ours: Any, theirs: Any) -> bool:
    """Equality of parsed JSON in which 1, 1.0 and true are three different things."""
    return json.dumps(ours, sort_keys=True) == json.dumps(theirs, sort_keys=True)


def outcome(ours: dict[str, Any] | None, theirs: dict[str, Any]) -> str:
    """What a comparison comes to; ``ours`` is None where the conversion was refused."""
    if ours is None:
        return "refused"
    if _same(ours, theirs):
        return "equal"
    return "title" if _same(_untitled(ours), _untitled(theirs)) else "different"


def row(what: str, server: str, frontend: str, outcomes: list[str]) -> str:
    count = Counter(outcomes)
    numbers = [len(outcomes), *(count[key] for key in ("equal", "title", "different", "refused"))]
    return "| " + " | ".join([what, server, frontend, *map(str, numbers)]) + " |"


def _converted(ui: dict[str, Any], inventory: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return convert_workflow(ui, inventory)
    except ConversionError:
        return None


def main() -> None:
    print(HEADER)
    started = time.process_time()
    total = 0
    for name, what, server, frontend in SETS:
        inventory = json.loads(lzma.decompress((DATA / f"{name}.inventory.json.xz").read_bytes()))
        lines = lzma.decompress((DATA / f"{name}.jsonl.xz").read_bytes()).decode().rstrip("\n").split("\n")
        cases = [json.loads(line) for line in lines]
        outcomes = [outcome(_converted(case["ui"], inventory), case["prompt"]) for case in cases]
        total += len(cases)
        print(row(what, server, frontend, outcomes))
    print(f"{total} workflows, {time.process_time() - started:.1f} s of CPU", file=sys.stderr)


if __name__ == "__main__":
    main()
