"""Rules about a ComfyUI server that answers and still does not do its work."""

from __future__ import annotations

from functools import partial

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

state = partial(
    Rule,
    family="server",
    direction="state",
    severity=Severity.ERROR,
    mirror_waiver="a server works or does not; there is no before",
)

DEAD = state(
    id="comfyui-dead",
    title="ComfyUI answers, but executes nothing: its worker thread is dead",
    looks_at="/queue, twice, and /internal/logs/raw",
    action="expect the queue to move, and no traceback of prompt_worker",
    why="A prompt with an undeclared input linked to a node that is not there passes validation and kills the thread that "
    "executes. HTTP goes on answering 200, and every later prompt waits for ever.",
    source="ComfyUI issues 16312, 11513 and 4529; tried on 0.3.64 and 0.10.0",
    todo="Restart ComfyUI. Then lint workflows before they are sent: comfytape lint WORKFLOW --inventory URL.",
    before="queue_running empties",
    after="queue_running holds one prompt for ever",
)
STALLED = state(
    id="comfyui-stalled",
    title="The queue of ComfyUI did not move while it was watched",
    looks_at="/queue, twice",
    action="expect another running prompt, or a shorter queue",
    why="A long sampling run and a dead worker thread look the same from outside for a while.",
    source="ComfyUI main.py prompt_worker",
    todo="Ask again in a minute; if the same prompt still runs, look at the log, and restart ComfyUI if it is silent.",
    before="another prompt runs",
    after="the same prompt runs",
    inconclusive=True,
)
FOREIGN = state(
    id="comfyui-foreign",
    title="The ComfyUI URL leads to something else",
    looks_at="/system_stats",
    action='expect {"system": {"comfyui_version": …}}',
    why="Another program listens there, or the path in front of ComfyUI's routes is wrong.",
    source="ComfyUI server.py, /system_stats",
    todo="Set COMFYUI_URL to where /system_stats answers; a pod's is https://POD_ID-8188.proxy.runpod.net.",
    before='{"system": {"comfyui_version": "0.10.0", …}}',
    after="404",
    inconclusive=True,
)
PACK_FAILED = state(
    id="pack-import-failed",
    severity=Severity.WARNING,
    title="A node pack failed to import",
    looks_at="/internal/logs/raw, and the classes of each required pack",
    action="expect no IMPORT FAILED",
    why="ComfyUI logs it and starts without the pack: all its classes are missing while HTTP stays 200. Often the pack "
    "needs a newer ComfyUI, or a Python package that the image lacks.",
    source="ComfyUI nodes.py init_external_custom_nodes; tried with RES4LYF of 2026 on 0.3.64",
    todo="Read the traceback above 'IMPORT FAILED' in ComfyUI's log; update ComfyUI or pin an older version of the pack.",
    before="0.1 seconds: …/custom_nodes/RES4LYF",
    after="0.1 seconds (IMPORT FAILED): …/custom_nodes/RES4LYF",
)

RULES = (DEAD, STALLED, FOREIGN, PACK_FAILED)
