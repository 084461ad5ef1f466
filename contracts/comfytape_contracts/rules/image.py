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

RULES = (UNREADABLE, SHAPE, BLANK, EQUAL, ELSEWHERE)
