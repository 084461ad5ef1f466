"""Rules about what an endpoint runs on: ComfyUI, Python, PyTorch, the editor, the machine, and how it was started."""

from __future__ import annotations

from functools import partial

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

_rule = partial(Rule, family="version-drift")

_STATS = "ComfyUI server.py /system_stats, 0.3.30–0.33.0"

RULES = (
    _rule(
        id="comfyui-upgraded",
        title="ComfyUI is newer",
        looks_at="comfyui_version in /system_stats",
        direction="added",
        action="compare as versions",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="By itself no break; it is the cause of the changes beside it. A checkout past a tag still reports the tag.",
        source=_STATS,
        todo="Read the other findings; pin the version in the worker image.",
        before="0.3.64",
        after="0.10.0",
        mirror="comfyui-downgraded",
    ),
    _rule(
        id="comfyui-downgraded",
        title="ComfyUI is older",
        looks_at="comfyui_version in /system_stats",
        direction="removed",
        action="compare as versions",
        severity=Severity.WARNING,
        severity_unused=Severity.WARNING,
        why="Hardly anyone goes back on purpose: a stale image or a wrong tag. Older releases also validate workflows whose model "
        "family they cannot run (0.3.64 takes a Z-Image workflow, which needs 0.3.74).",
        source=_STATS + "; ComfyUI commit e9aae31f",
        todo="Check the tag of the image that the endpoint runs.",
        before="0.10.0",
        after="0.3.64",
        mirror="comfyui-upgraded",
    ),
    _rule(
        id="check-tightened",
        title="The newer ComfyUI refuses what the older one let pass",
        looks_at="the workflow, as each release would judge it",
        direction="tightened",
        action="lint it against both inventories; what is new and follows from no change of the inventory",
        severity=Severity.ERROR,
        why="The classes are the same, the server's own checks are not. From 0.8.0 on the options of V3 nodes are checked, from "
        "0.10.0 on growing inputs have required members, from 0.20.0 on a cycle is an error.",
        source="ComfyUI commits 0be8a76c (0.8.0), 7458e204 (0.10.0), 2327fa1c (0.20.0)",
        todo="Correct the workflow: what is refused now was wrong before and failed, or did something else, while running.",
        before="ImageStitch.direction 'upwards' is accepted and fails late",
        after="POST /prompt answers 400 value_not_in_list",
        mirror="check-loosened",
    ),
    _rule(
        id="check-loosened",
        title="ComfyUI no longer notices a mistake before it runs",
        looks_at="the workflow, as each release would judge it",
        direction="loosened",
        action="lint it against both inventories; what POST /prompt refused and now lets through to fail late",
        severity=Severity.WARNING,
        why="The mistake is still there. Refused at once it costs nothing; accepted it costs a GPU until the node fails.",
        source="ComfyUI before 0.8.0 does not check the options of V3 nodes",
        todo="Correct the workflow.",
        before="POST /prompt answers 400 value_not_in_list",
        after="the same value is accepted and half of the nodes tried fail with it",
        mirror="check-tightened",
    ),
    _rule(
        id="python-changed",
        title="Another Python runs ComfyUI",
        looks_at="python_version in /system_stats",
        direction="changed",
        action="compare the version, without the build",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="Packs with compiled parts may fail to import; their classes are then gone.",
        source=_STATS,
        todo="Nothing, if no class is gone.",
        before="3.11.7",
        after="3.12.3",
        mirror_waiver="either direction has the same effects",
    ),
    _rule(
        id="pytorch-changed",
        title="Another PyTorch runs the models",
        looks_at="pytorch_version in /system_stats",
        direction="changed",
        action="compare",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="Kernels differ between versions and builds: pictures of one seed differ in detail, times and memory may change much. "
        "A build for the CPU on a GPU machine is a common mistake of images.",
        source=_STATS,
        todo="Compare times and one picture by eye.",
        before="2.8.0+cu128",
        after="2.8.0+cpu",
        mirror_waiver="either direction has the same effects",
    ),
    _rule(
        id="frontend-changed",
        title="The editor that ComfyUI serves is another version",
        looks_at="required_frontend_version in /system_stats",
        direction="changed",
        action="compare",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="Only workflows exported anew are affected: the editor decides what an exported workflow looks like.",
        source=_STATS,
        todo="Nothing for workflows in files.",
        before="1.27.10",
        after="1.36.13",
        mirror_waiver="either direction has the same effects",
    ),
    _rule(
        id="device-changed",
        title="ComfyUI runs on another device",
        looks_at="name, type and total memory of the devices in /system_stats",
        direction="changed",
        action="compare; memory within 2 % counts as equal",
        severity=Severity.WARNING,
        severity_unused=Severity.WARNING,
        why="RunPod gives whatever GPU of the endpoint's list is free. Times, costs and out-of-memory failures follow the device, "
        "so measurements on different ones cannot be compared.",
        source=_STATS + "; RunPod endpoint settings, GPU priority list",
        todo="Narrow the endpoint's GPU list, or record once for each GPU.",
        before="NVIDIA GeForce RTX 4090, 25.2 GB",
        after="NVIDIA L4, 23.6 GB",
        mirror_waiver="either direction has the same effects",
    ),
    _rule(
        id="launch-changed",
        title="ComfyUI was started with other arguments",
        looks_at="argv in /system_stats, without paths and ports",
        direction="changed",
        action="compare as sets",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="--lowvram, --fast, --disable-all-custom-nodes and their like decide speed, precision and what is loaded.",
        source=_STATS,
        todo="Check the start command of the image.",
        before="main.py --listen",
        after="main.py --listen --lowvram",
        mirror_waiver="either direction has the same effects",
    ),
)
