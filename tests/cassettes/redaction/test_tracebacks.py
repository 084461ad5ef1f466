"""Server paths and host names in tracebacks become the same on every machine."""

from __future__ import annotations

import json

import pytest

from comfytape_cassettes.redaction import Redactor

FRAME = '  File "{}", line 496, in execute\n    output = await get()\n'

PATHS = {
    "/home/alice/ComfyUI/execution.py": "/server/ComfyUI/execution.py",
    "/comfyui/execution.py": "/server/comfyui/execution.py",
    "/home/alice/ComfyUI/custom_nodes/RES4LYF/beta/rk.py": "/server/ComfyUI/custom_nodes/RES4LYF/beta/rk.py",
    "/workspace/custom_nodes/pack/n.py": "/server/custom_nodes/pack/n.py",
    "/home/alice/ComfyUI/venv/lib/python3.11/site-packages/torch/nn.py": "/server/site-packages/torch/nn.py",
    "/home/alice/.pyenv/versions/3.11.7/lib/python3.11/json/decoder.py": "/server/python3.11/json/decoder.py",
    "/home/alice/handler.py": "/server/handler.py",
    "/handler.py": "/server/handler.py",
    "C:\\Users\\alice\\ComfyUI\\execution.py": "/server/ComfyUI\\execution.py",
    "\\\\nas\\alice\\ComfyUI\\nodes.py": "/server/ComfyUI\\nodes.py",
    "<frozen importlib._bootstrap>": "<frozen importlib._bootstrap>",
    "nodes.py": "nodes.py",
}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_in_a_frame_is_kept_from_what_is_the_same_everywhere(path):
    """The pack, the module and the line stay; who owns the machine does not. Twice is the same as once."""
    text = FRAME.format(path)
    clean = Redactor().text(text)
    assert clean == FRAME.format(PATHS[path])
    assert Redactor().text(clean) == clean


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_frame_is_found_in_json_of_any_depth(depth):
    """ComfyUI sends a list of lines; RunPod's SDK sends JSON in a string in JSON."""
    body = {"traceback": [FRAME.format("/home/alice/ComfyUI/execution.py")]}
    wanted = {"traceback": [FRAME.format("/server/ComfyUI/execution.py")]}
    for _ in range(depth):
        body, wanted = {"error": json.dumps(body)}, {"error": json.dumps(wanted)}
    assert Redactor().body(json.dumps(body).encode())[0] == json.dumps(wanted).encode()


def test_the_host_in_a_worker_error_is_masked():
    """rp_job.py puts platform.node() beside the traceback."""
    error = {"error_type": "<class 'ValueError'>", "error_traceback": "x", "hostname": "alices-box", "worker_id": "w1"}
    clean = json.loads(Redactor().body(json.dumps({"error": json.dumps(error)}).encode())[0])
    assert json.loads(clean["error"]) == error | {"hostname": "REDACTED"}


def test_paths_outside_tracebacks_stay():
    """Model folders are inventory, and a prompt may speak of /home."""
    body = b'{"folders": ["/home/alice/ComfyUI/models"], "hostname": "h", "text": "File /home/x, line 3"}'
    assert Redactor().body(body) == (body, False)


def test_a_secret_in_a_path_wins_over_the_path():
    """What is masked is masked, wherever it stands."""
    key = "rpa_" + "TESTKEY0123456789"
    assert key not in Redactor().text(FRAME.format(f"/home/{key}/ComfyUI/execution.py"))
