"""What changed in ``/system_stats``: ComfyUI, Python, PyTorch, the editor, the devices, the arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.drift.change import ChangeRecord
from comfytape_contracts.inventory import parse_version
from comfytape_contracts.inventory.canonical import mapping, number, sequence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["pack_version_records", "version_records"]

_MEMORY_NOISE = 0.02
"""Drivers and hypervisors report a little less or more of the same card from boot to boot."""

_PLACES = frozenset({
    "--port", "--base-directory", "--output-directory", "--input-directory", "--temp-directory", "--user-directory",
    "--extra-model-paths-config", "--front-end-root", "--database-url", "--tls-keyfile", "--tls-certfile",
})  # fmt: skip
"""Arguments that say where things are and not what runs (ComfyUI comfy/cli_args.py, 0.3.30–0.33.0)."""


def version_records(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[ChangeRecord]:
    """Changes between two ``/system_stats`` documents; what a side does not state is not compared."""
    old, new = mapping(mapping(before).get("system")), mapping(mapping(after).get("system"))
    return [
        *_comfyui(old.get("comfyui_version"), new.get("comfyui_version")),
        *_plain("python-changed", "python_version", old, new),
        *_plain("pytorch-changed", "pytorch_version", old, new),
        *_plain("frontend-changed", "required_frontend_version", old, new),
        *_devices(sequence(mapping(before).get("devices")), sequence(mapping(after).get("devices"))),
        *_arguments(sequence(old.get("argv")), sequence(new.get("argv"))),
    ]


def pack_version_records(before: Mapping[str, str], after: Mapping[str, str]) -> list[ChangeRecord]:
    """Packs that have another version or commit; both by name in any case. One that a side lacks is not compared."""
    new = {name.lower(): version for name, version in after.items()}
    return [
        ChangeRecord("pack-version-changed", ("pack", name, "version"), version, new[name.lower()], name)
        for name, version in before.items()
        if version and new.get(name.lower(), version) not in ("", version)
    ]


def _comfyui(old: Any, new: Any) -> Iterator[ChangeRecord]:
    ours, theirs = parse_version(str(old or "")), parse_version(str(new or ""))
    if ours is None or theirs is None or ours == theirs:
        return
    rule = "comfyui-upgraded" if theirs > ours else "comfyui-downgraded"
    yield ChangeRecord(rule, ("system", "comfyui_version"), old, new, "ComfyUI")


def _plain(rule: str, key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[ChangeRecord]:
    """The first word counts: Python's version goes on with its compiler."""
    ours, theirs = (str(side.get(key) or "").split(" ", maxsplit=1)[0] for side in (old, new))
    if ours and theirs and ours != theirs:
        yield ChangeRecord(rule, ("system", key), ours, theirs)


def _devices(old: list[Any], new: list[Any]) -> Iterator[ChangeRecord]:
    ours, theirs = [mapping(device) for device in old], [mapping(device) for device in new]
    if not ours or not theirs:
        return
    if len(ours) != len(theirs) or any(not _like(a, b) for a, b in zip(ours, theirs, strict=True)):
        yield ChangeRecord("device-changed", ("devices",), [*map(_device, ours)], [*map(_device, theirs)])


def _like(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    ours, theirs = number(old.get("vram_total")) or 0, number(new.get("vram_total")) or 0
    return _name(old) == _name(new) and abs(ours - theirs) <= _MEMORY_NOISE * max(ours, theirs)


def _name(device: Mapping[str, Any]) -> str:
    """``cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync`` without the index and the allocator."""
    words = str(device.get("name") or device.get("type") or "?").split(" : ", maxsplit=1)[0].split(" ")
    return " ".join(words[1:] if words[0].startswith("cuda:") and len(words) > 1 else words)


def _device(device: Mapping[str, Any]) -> str:
    memory = number(device.get("vram_total")) or 0
    return f"{_name(device)}, {memory / 1e9:.1f} GB"


def _arguments(old: list[Any], new: list[Any]) -> Iterator[ChangeRecord]:
    if not old or not new:
        return
    ours, theirs = _told(old), _told(new)
    if ours != theirs:
        yield ChangeRecord("launch-changed", ("system", "argv"), sorted(ours - theirs), sorted(theirs - ours))


def _told(argv: list[Any]) -> frozenset[str]:
    """The arguments, each with its value, without the program and without places."""
    told: list[str] = []
    words = [str(word) for word in argv[1:]]
    for index, word in enumerate(words):
        name = word.partition("=")[0]
        follows = words[index - 1] if index else ""
        if name in _PLACES or (follows in _PLACES and not word.startswith("--")):
            continue
        if word.startswith("--") or not told:
            told.append(word)
        else:
            told[-1] += f" {word}"
    return frozenset(told)
