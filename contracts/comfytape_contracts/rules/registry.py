"""Rules about versions that a team pins in a registry file beside the contract."""

from __future__ import annotations

from functools import partial

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

_rule = partial(
    Rule,
    family="registry",
    direction="state",
    mirror_waiver="a pinned version is the one that runs or it is not; there is no before",
)

PIN_BROKEN = _rule(
    id="pinned-version-mismatch",
    title="Another version runs than the one that is pinned",
    looks_at="/system_stats, ComfyUI-Manager's installed list, the endpoint's image, errors of jobs",
    action="compare with the registry file",
    severity=Severity.ERROR,
    why="An image rebuilt without pins takes what is newest that day, and pictures or nodes change without anybody's decision: "
    "worker-comfyui's own Dockerfile installs an unpinned runpod and ComfyUI 'latest'.",
    source="worker-comfyui 5.8.5 Dockerfile; ComfyUI server.py /system_stats",
    todo="Rebuild the image with the pinned version, or pin what runs: comfytape init NAME --from CASSETTE writes the file.",
    before="comfyui 0.10.0, pinned 0.10.0",
    after="comfyui 0.27.0, pinned 0.10.0",
)
DEFINITIONS = _rule(
    id="pinned-definitions-changed",
    title="A pack's node definitions are not the pinned ones",
    looks_at="the pack's classes in /object_info, less texts and file lists",
    action="compare fingerprints",
    severity=Severity.ERROR,
    why="Without ComfyUI-Manager no route tells a pack's version; its definitions are what can be seen. They change with the "
    "pack, and with a ComfyUI whose lists the pack repeats (RES4LYF's are equal on 0.3.64 to 0.10.0, and others on 0.27.0).",
    source="two RES4LYF releases on ComfyUI 0.3.64 to 0.33.0",
    todo="See what changed: comfytape drift OLD-CASSETTE NEW-CASSETTE. Then rebuild the image, or pin the new fingerprint.",
    before="sha256:50b4…",
    after="sha256:fe09…",
)
PACK_ABSENT = _rule(
    id="pinned-pack-missing",
    title="A pinned node pack is not there",
    looks_at="python_module of all classes, and ComfyUI-Manager's installed list",
    action="look the pack up",
    severity=Severity.ERROR,
    why="Not installed, disabled, or its import failed: ComfyUI answers 200 all the same.",
    source="ComfyUI nodes.py load_custom_node",
    todo="Read ComfyUI's start-up log for 'IMPORT FAILED', and mend the image.",
    before="300 classes come from custom_nodes.RES4LYF",
    after="no class comes from it",
)
PIN_UNSEEN = _rule(
    id="pinned-version-unknown",
    title="A pinned version was not seen",
    looks_at="what a recording tells of versions",
    action="tell 'another version' from 'not told'",
    severity=Severity.WARNING,
    why="Pack versions need ComfyUI-Manager; the worker's needs the management API and RunPod's own image; the SDK's is told "
    "only by an exception of a handler. What was not seen is not green.",
    source="ComfyUI server.py; ComfyUI-Manager 3.x and 4.x; worker-comfyui handler.py; runpod-python rp_job.py",
    todo="Pin the pack's 'definitions' too; record with COMFYUI_URL, and RUNPOD_REST_V2_API_URL where jobs do not go to RunPod's host.",
    before="worker 5.8.5, image runpod/worker-comfyui:5.8.5-base",
    after="worker 5.8.5 is pinned, and only the shape of results was seen",
    inconclusive=True,
)

RULES = (PIN_BROKEN, DEFINITIONS, PACK_ABSENT, PIN_UNSEEN)
