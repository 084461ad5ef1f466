"""Rules about a network volume: where its model files lie, and where the worker looks for them."""

from __future__ import annotations

from functools import partial

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

_rule = partial(
    Rule,
    family="volume",
    direction="state",
    looks_at="the volume's S3 listing",
    severity=Severity.ERROR,
    mirror_waiver="a file lies where it must or it does not; there is no before",
)

_PATHS = "worker-comfyui 5.8.5 extra_model_paths.yaml; ComfyUI folder_paths.py"

MISSING = _rule(
    id="volume-file-missing",
    title="A model file is nowhere on the volume",
    action="look every required file up, by its name in any case, in all folders that may hold models",
    why="The loader's list lacks the file, and ComfyUI rejects the workflow with value_not_in_list.",
    source=f"{_PATHS}; worker-comfyui threads 48, 72, 91",
    todo="Upload the file into the folder named; if the image holds it, write 'baked: true' beside it in the contract.",
    before="models/vae/ae.safetensors is listed",
    after="no ae.safetensors anywhere",
)
WRONG_FOLDER = _rule(
    id="volume-file-wrong-folder",
    title="A model file lies in a folder that the worker does not search",
    action="compare where it lies with the folders that the worker searches",
    why="worker-comfyui searches below models/ only, and there not in every folder of ComfyUI's: diffusion_models and "
    "text_encoders are absent from its paths, while their old names unet and clip are in them. A file elsewhere does not exist for ComfyUI.",
    source=f"{_PATHS} map_legacy; worker-comfyui threads 91, 165, pull requests 166, 185",
    todo="Move the file, or give the image an extra_model_paths.yaml that names the folder (and 'volume.folders' in the contract).",
    before="models/unet/z_image_turbo_bf16.safetensors",
    after="models/diffusion_models/z_image_turbo_bf16.safetensors",
)
UNREAD_FOLDER = _rule(
    id="volume-folder-unread",
    title="The worker reads no files of this kind from the volume",
    action="look for the file's folder among those that the worker searches",
    why="Some of ComfyUI's folders are in no path of the worker under any name (audio_encoders, model_patches): their files must be in the image.",
    source=_PATHS,
    todo="Put the file into the image and write 'baked: true' beside it, or name the folder in the image's extra_model_paths.yaml and in 'volume.folders'.",
    before="the folder is vae",
    after="the folder is audio_encoders",
)
EMPTY = _rule(
    id="volume-file-empty",
    title="A model file on the volume is empty",
    action="compare its size with 0",
    why="An upload that was cut off before the first byte leaves the name. ComfyUI lists it, and the loader fails.",
    source="tried with ComfyUI 0.3.64 and 0.10.0",
    todo="Upload the file again.",
    before="335304388 bytes",
    after="0 bytes",
)
SIZE = _rule(
    id="volume-file-size",
    title="A model file on the volume has another size than the contract says",
    action="compare bytes",
    why="A truncated file keeps its name. A truncated text encoder may even load with random weights, and the picture is useless.",
    source="tried with ComfyUI 0.3.64 and 0.10.0: truncated, git-lfs pointer, partial encoder",
    todo="Upload the file again and compare its checksum with the publisher's.",
    before="8044982048 of 8044982048 bytes",
    after="5368709120 of 8044982048 bytes",
)
EXTENSION = _rule(
    id="volume-file-extension",
    title="A model file on the volume has another ending",
    action="look for the same name with other endings in the folders that the worker searches",
    why="ComfyUI lists files by their ending, and the workflow names the file with it. Downloads that are under way, and browsers, add endings of their own.",
    source="ComfyUI folder_paths.py supported_pt_extensions: .ckpt .pt .pt2 .bin .pth .safetensors .pkl .sft",
    todo="Rename the file if it is whole, else download it again.",
    before="qwen_3_4b.safetensors",
    after="qwen_3_4b.safetensors.part",
)
CASE = _rule(
    id="volume-name-case",
    title="A model file on the volume is spelled with other capitals",
    action="compare names letter by letter",
    why="Linux tells capitals apart; the Windows machine on which the workflow was made does not.",
    source="ComfyUI execution.py value_not_in_list; worker images are Linux",
    todo="Rename the file or its folder.",
    before="models/vae/ae.safetensors",
    after="models/VAE/AE.safetensors",
)
PLACEHOLDER = _rule(
    id="volume-file-placeholder",
    title="A file on the volume is too small to be a model",
    action="compare its size with 1 KiB, where the contract states none",
    why="A git-lfs pointer has some 130 bytes, an error page some hundred; both keep the model's name.",
    source="git-lfs specification; tried with ComfyUI 0.3.64: a text encoder of 80 bytes loads 'successfully'",
    todo="Download the file itself, and state its size in the contract.",
    before="335304388 bytes",
    after="134 bytes",
)
EXTRA = _rule(
    id="volume-files-extra",
    title="The volume holds model files that the contract does not name",
    action="count them",
    severity=Severity.INFO,
    why="They cost storage, and a file in a folder that is not searched is one that somebody misses.",
    source="RunPod's price of network storage: 0.07 USD per GB and month (docs.runpod.io, August 2026)",
    todo="Delete what nobody needs, or name it in a contract.",
    before="3 files, 3 named",
    after="5 files, 3 named",
)
UNSEEN = _rule(
    id="volume-unseen",
    title="The volume could not be listed, or not to its end",
    looks_at="answers of the volume's S3 API",
    action="tell 'absent' from 'not seen'",
    why="What was not listed may be there. S3 keys are other keys than RunPod's API key, and not every data centre has an S3 API.",
    source="docs.runpod.io, storage/s3-api: data centres, keys (Settings, S3 API keys), clock skew up to 1 hour",
    todo="Set the variables that 'volume' names to the volume's id and an S3 key pair, then record again.",
    before="200 with a ListBucketResult for every folder",
    after="403 SignatureDoesNotMatch",
    inconclusive=True,
)

RULES = (
    MISSING,
    WRONG_FOLDER,
    UNREAD_FOLDER,
    EMPTY,
    SIZE,
    EXTENSION,
    CASE,
    PLACEHOLDER,
    EXTRA,
    UNSEEN,
)
