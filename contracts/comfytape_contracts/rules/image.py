"""Rules about the images themselves."""

from __future__ import annotations

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

STATE = "an image is right or it is not; there is no before"

UNREADABLE = Rule(
    id="image-unreadable",
    family="image",
    title="An image does not decode",
    looks_at="every image of every job",
    direction="state",
    action="decode it whole",
    severity=Severity.ERROR,
    why="A truncated or mangled file is COMPLETED for RunPod and broken for the user.",
    source="the recording itself; Pillow's decoders",
    todo="Compare the size with the others; a result near 10 MB was probably cut.",
    before="a PNG of 128x128",
    after="a PNG that ends after 2 KB",
    mirror_waiver=STATE,
)
SHAPE = Rule(
    id="image-shape",
    family="image",
    title="An image has another format or size than the contract says",
    looks_at="format, width and height",
    direction="state",
    action="compare",
    severity=Severity.ERROR,
    why="A changed save node or latent size reaches users as other files than the backend expects.",
    source="the recording itself",
    todo="Compare the workflow's size inputs and save node with the contract's outputs.",
    before="png 1024x1024",
    after="webp 768x768",
    mirror_waiver=STATE,
)
BLANK = Rule(
    id="image-blank",
    family="image",
    title="An image is of one colour",
    looks_at="the spread of every channel",
    direction="state",
    action="expect more than two levels of 255",
    severity=Severity.ERROR,
    why="NaNs in the sampler or a partial text encoder end in a black picture and a job that says COMPLETED.",
    source="tried: Z-Image with a partial encoder on ComfyUI 0.10.0 gives COMPLETED and a black image",
    todo="Check size and checksum of the model files, then the precision settings of the loaders.",
    before="a picture",
    after="all pixels (0, 0, 0)",
    mirror_waiver=STATE,
)
EQUAL = Rule(
    id="image-repeated",
    family="image",
    title="Jobs with different workflows brought the same image",
    looks_at="decoded pixels of all samples",
    direction="state",
    action="compare with each other",
    severity=Severity.ERROR,
    why="A seed or prompt that has no effect, or a worker that answers from a cache, looks like success.",
    source="ComfyUI's cached prompts; the recording itself",
    todo="Check that the varied inputs are upstream of the saved image and that the worker is not serving old files.",
    before="seed 1 and seed 2 differ",
    after="seed 1 and seed 2 are equal to the last pixel",
    mirror_waiver=STATE,
)
ELSEWHERE = Rule(
    id="image-not-recorded",
    family="image",
    title="An image was put elsewhere and is not in the recording",
    looks_at="outputs of type s3_url",
    direction="state",
    action="expect the bytes on the tape",
    severity=Severity.WARNING,
    why="The output names a URL; its bytes were not fetched, so nothing is known of the image.",
    source="worker-comfyui handler.py: s3_url outputs",
    todo="Record the jobs from a place that can reach the bucket.",
    before="type base64",
    after="type s3_url",
    mirror_waiver=STATE,
    inconclusive=True,
)

EXTENSION = Rule(
    id="image-extension",
    family="image",
    title="An image is not in the format that its name says",
    looks_at="the end of the file name, and the decoded format",
    direction="state",
    action="compare",
    severity=Severity.WARNING,
    why="Backends and browsers go by the name: a WEBP called .png is stored, served and refused under the wrong type.",
    source="the recording itself",
    todo="Look at the save node, and at what renames files on the way.",
    before="a_00001_.png is a PNG",
    after="a_00001_.png is a WEBP",
    mirror_waiver=STATE,
)
ANIMATED = Rule(
    id="image-animated",
    family="image",
    title="An image is an animation",
    looks_at="the number of frames",
    direction="state",
    action="expect one, unless outputs.animated is true",
    severity=Severity.WARNING,
    why="Whoever expects a still picture shows the first frame, or refuses the file.",
    source="ComfyUI's SaveAnimatedWEBP and SaveAnimatedPNG answer under 'images' as SaveImage does",
    todo="Set outputs.animated: true if it is meant.",
    before="1 frame",
    after="16 frames",
    mirror_waiver=STATE,
)
NODE_SILENT = Rule(
    id="image-node-missing",
    family="image",
    title="A save node of the workflow brought no image",
    looks_at="filename_prefix of every SaveImage node, and the names of the images that came",
    direction="state",
    action="expect an image of each prefix, and as many as nodes that share it",
    severity=Severity.ERROR,
    why="ComfyUI drops an output branch that does not validate and runs the rest; the worker reads over what it cannot "
    "fetch. The job is COMPLETED with fewer images than the workflow saves.",
    source="ComfyUI execution.py validate_prompt; worker-comfyui handler.py 5.x, whose file names begin with the prefix",
    todo="Run the workflow in ComfyUI and look at node_errors in the answer to POST /prompt.",
    before="prefixes 'face' and 'full', images face_00001_.png and full_00001_.png",
    after="prefixes 'face' and 'full', image full_00001_.png",
    mirror_waiver=STATE,
)
METADATA = Rule(
    id="image-metadata",
    family="image",
    title="Images carry the whole prompt in their metadata",
    looks_at="text chunks of PNG and EXIF of WEBP files",
    direction="state",
    action="look for prompt and workflow",
    severity=Severity.INFO,
    why="Whoever gets the image can read prompt, seed and model names from it, and a recording that is shared gives them "
    "away too.",
    source="ComfyUI nodes.py, SaveImage; worker-comfyui starts ComfyUI with --disable-metadata",
    todo="Start ComfyUI with --disable-metadata, or strip the metadata before users get the file.",
    before="a PNG without text chunks",
    after="a PNG with a text chunk called prompt",
    mirror_waiver=STATE,
)

RULES = (UNREADABLE, SHAPE, BLANK, EQUAL, ELSEWHERE, EXTENSION, ANIMATED, NODE_SILENT, METADATA)
