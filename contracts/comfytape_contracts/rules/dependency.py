"""Rules about what must be installed: node classes, packs, models, versions."""

from __future__ import annotations

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

STATE = "a contract's dependency holds or it does not; there is no before"

NODE_MISSING = Rule(
    id="required-node-missing",
    family="dependency",
    title="A node class that the contract requires is not loaded",
    looks_at="the classes of /object_info",
    direction="state",
    action="look every required class up",
    severity=Severity.ERROR,
    why="POST /prompt rejects a workflow that has an unknown class anywhere, even on a branch that leads nowhere. A pack "
    "whose import fails takes all its classes with it while every HTTP route keeps answering 200.",
    source="ComfyUI execution.py validate_prompt; tried on 0.3.30 to 0.10.0; RES4LYF of 2026 on ComfyUI 0.3.64 loses 294 "
    "classes to 'No module named comfy.nested_tensor'",
    todo="Read ComfyUI's start-up log for 'IMPORT FAILED', install or pin the pack in the worker image, and record again.",
    before="/object_info has ClownsharKSampler_Beta",
    after="/object_info answers 200 without ClownsharKSampler_Beta",
    mirror_waiver=STATE,
)
NODE_PACK = Rule(
    id="required-node-other-pack",
    family="dependency",
    title="A required node class is there, but another pack provides it",
    looks_at="python_module of a class in /object_info",
    direction="state",
    action="compare with the pack that the contract names",
    severity=Severity.ERROR,
    why="When two packs define one class name the last one loaded wins, without a warning: same name, other behaviour. "
    "ComfyUI-Manager's map knows 1,814 such names.",
    source="ComfyUI nodes.py load_custom_node; ComfyUI-Manager extension-node-map.json",
    todo="Remove the other pack from the image, or correct the pack in the contract.",
    before="'Sigmas Rescale' comes from custom_nodes.RES4LYF",
    after="'Sigmas Rescale' comes from custom_nodes.SomeOtherPack",
    mirror_waiver=STATE,
)
MODEL_MISSING = Rule(
    id="required-model-missing",
    family="dependency",
    title="A model file that the contract requires is not in its folder",
    looks_at="/models/{folder} and the options of loader nodes",
    direction="state",
    action="look every required file up",
    severity=Severity.ERROR,
    why="A loader only accepts files that ComfyUI lists; a file in another folder, or on a volume that is not mounted, is "
    "not in the list and the workflow is rejected with value_not_in_list.",
    source="ComfyUI folder_paths.py, execution.py; worker-comfyui threads 75, 163, 165",
    todo="Put the file into that folder (on a RunPod volume below /runpod-volume/models/), then record again.",
    before="/models/vae lists z-image-turbo-vae.safetensors",
    after="/models/vae lists nothing",
    mirror_waiver=STATE,
)
MODEL_SIZE = Rule(
    id="required-model-size",
    family="dependency",
    title="A required model file has another size than the contract says",
    looks_at="size in /experiment/models/{folder}",
    direction="state",
    action="compare bytes",
    severity=Severity.ERROR,
    why="A download that was cut off or a git-lfs pointer keeps the right name. A truncated text encoder may even load "
    "'successfully' with random weights, and the job is COMPLETED with a useless picture.",
    source="tried on ComfyUI 0.3.64 and 0.10.0 with placeholder, truncated and partial files",
    todo="Download the file again and compare its checksum with the publisher's.",
    before="qwen_3_4b.safetensors has 8044982048 bytes",
    after="qwen_3_4b.safetensors has 135 bytes",
    mirror_waiver=STATE,
)
MODEL_PLACEHOLDER = Rule(
    id="required-model-placeholder",
    family="dependency",
    title="A required model file is too small to be a model",
    looks_at="size in /experiment/models/{folder}",
    direction="state",
    action="compare with 1 KiB, where the contract states no size",
    severity=Severity.ERROR,
    why="A git-lfs pointer has some 130 bytes and keeps the model's name. CLIPLoader even loads one of 80 bytes "
    "'successfully', with random weights.",
    source="git-lfs specification; tried on ComfyUI 0.3.64",
    todo="Download the file itself, and state its size in the contract.",
    before="z-image-turbo-vae.safetensors has 335304388 bytes",
    after="z-image-turbo-vae.safetensors has 134 bytes",
    mirror_waiver=STATE,
)
MODEL_HASH_UNKNOWN = Rule(
    id="required-model-hash-unknown",
    family="dependency",
    title="A promised sha256 of a model file was not seen",
    looks_at="what a recording tells of model files",
    direction="state",
    action="say so; the size is compared beside this",
    severity=Severity.WARNING,
    why="ComfyUI's routes give a file's name, size and date, and S3 an MD5 of its parts. Only reading the whole file tells its sha256.",
    source="ComfyUI app/model_manager.py (/experiment/models), 0.3.30 to 0.33.0; docs.runpod.io, storage/s3-api",
    todo="State the size as well, which is compared; compute the sha256 once on a pod with: sha256sum FILE.",
    before="no sha256 is promised",
    after="a sha256 is promised",
    mirror_waiver=STATE,
    inconclusive=True,
)
COMFYUI_VERSION = Rule(
    id="comfyui-version",
    family="dependency",
    title="ComfyUI's version is outside the contract's range",
    looks_at="comfyui_version in /system_stats",
    direction="state",
    action="compare with the range",
    severity=Severity.ERROR,
    why="A workflow can pass validation on a ComfyUI that cannot run its model: 0.3.64 validates a Z-Image workflow, but "
    "the model family arrived with 0.3.74.",
    source="ComfyUI commit e9aae31f of 2025-11-25 and the version bump after it",
    todo="Pin ComfyUI to a version in the range in the worker image, or widen the range in the contract.",
    before="comfyui_version 0.10.0, range >=0.3.74",
    after="comfyui_version 0.3.64, range >=0.3.74",
    mirror_waiver=STATE,
)
DEPENDENCIES_UNKNOWN = Rule(
    id="dependency-unknown",
    family="dependency",
    title="A dependency could not be examined",
    looks_at="which inventory routes the cassette has",
    direction="state",
    action="tell 'absent' from 'never asked'",
    severity=Severity.ERROR,
    why="A queue endpoint does not expose ComfyUI's HTTP API, so a recording without COMFYUI_URL has no inventory. What "
    "was not examined is not green.",
    source="worker-comfyui start.sh: ComfyUI listens on 127.0.0.1 unless SERVE_API_LOCALLY is set",
    todo="Record with COMFYUI_URL set to a ComfyUI of the same image (a pod, or a load-balancing endpoint).",
    before="the cassette holds /object_info",
    after="the cassette holds jobs only",
    mirror_waiver=STATE,
    inconclusive=True,
)

RULES = (
    NODE_MISSING,
    NODE_PACK,
    MODEL_MISSING,
    MODEL_SIZE,
    MODEL_PLACEHOLDER,
    MODEL_HASH_UNKNOWN,
    COMFYUI_VERSION,
    DEPENDENCIES_UNKNOWN,
)
