"""What ComfyUI's own frontend made of the official templates, as recorded (tests/data/conversion/README.md)."""

import functools
import json
import lzma
from pathlib import Path

DATA = Path(__file__).parents[2] / "data" / "conversion"
SETS = ("templates-0.3.64", "templates-0.10.0", "templates-0.33.0", "edited-0.10.0", "edited-0.33.0")


@functools.cache
def cases(name):
    text = lzma.decompress((DATA / f"{name}.jsonl.xz").read_bytes()).decode()
    return tuple(json.loads(line) for line in text.rstrip("\n").split("\n"))


@functools.cache
def inventory(name):
    return json.loads(lzma.decompress((DATA / f"{name}.inventory.json.xz").read_bytes()))


@functools.cache
def differences(name):
    return json.loads((DATA / "differences.json").read_text(encoding="utf-8"))[name]


def case(name, which):
    return next(entry for entry in cases(name) if entry["name"] == which)
