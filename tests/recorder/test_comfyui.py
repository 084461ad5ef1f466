"""A ComfyUI without RunPod: /prompt, /history, /view, and what it has."""

from __future__ import annotations

import io
import json
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from comfytape_cassettes import Cassette, UnreachableError, UsageError
from comfytape_recorder.comfyui import ComfyUIClient
from comfytape_recorder.target import Target
from comfytape_recorder.transport import Transport

INVENTORY = {
    name: {"input": {"required": {}}, "python_module": "nodes", "output": []}
    for name in ("EmptyImage", "ImageAddNoise", "SaveImage")
}
SYSTEM = {"system": {"comfyui_version": "0.10.0", "python_version": "3.11", "pytorch_version": "2.9"}}


class ComfyUI(ThreadingHTTPServer):
    """The routes that a recorder uses, as ComfyUI 0.10.0 answers them; prompts end after ``polls`` questions."""

    def __init__(self, **options):
        super().__init__(("127.0.0.1", 0), Handler)
        self.daemon_threads = True
        self.asked, self.prompts, self.interrupted = [], {}, []
        self.polls, self.end, self.refuse, self.cut = 2, "success", None, []
        self.page = None
        vars(self).update(options)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Be quiet."""

    def say(self, document, status=200, kind="application/json"):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        server, parts = self.server, urlsplit(self.path)
        server.asked.append(self.path)
        route = parts.path.strip("/")
        if server.cut and server.cut[0] in route:
            server.cut.pop(0)
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return None
        if server.page is not None:
            return self.say(server.page, kind="text/html")
        head, _, rest = route.partition("/")
        if route == "system_stats":
            return self.say(SYSTEM)
        if head == "object_info":
            return self.say(({rest: INVENTORY[rest]} if rest in INVENTORY else {}) if rest else INVENTORY)
        if head == "models":
            return self.say(["a.safetensors"] if rest else ["vae"])
        if head == "history":
            return self.say(self.history(rest))
        if head == "view":
            seed = int(parse_qs(parts.query)["filename"][0].split("_")[1])
            out = io.BytesIO()
            Image.new("RGB", (8, 8), (seed % 256, 9, 80)).save(out, "PNG")
            return self.say(out.getvalue(), kind="image/png")
        return self.say(b"", 404)

    def history(self, prompt_id):
        prompt = self.server.prompts.get(prompt_id)
        if prompt is None:
            return {}
        prompt["polls"] -= 1
        if prompt["polls"] > 0:
            return {}
        images = [
            {"filename": f"out_{prompt['seed']}_.png", "subfolder": "", "type": "output"},
            {"filename": "preview_0_.png", "subfolder": "", "type": "temp"},
        ]
        return {
            prompt_id: {
                "outputs": {"3": {"images": images}, "4": {"text": ["x"]}},
                "status": {"status_str": self.server.end, "messages": []},
            }
        }

    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.asked.append(self.path)
        if self.path == "/prompt":
            if server.refuse:
                return self.say(server.refuse, 400)
            prompt_id = f"p{len(server.prompts)}"
            seed = body["prompt"]["2"]["inputs"]["seed"]
            server.prompts[prompt_id] = {"polls": server.polls, "seed": seed, "client": body["client_id"]}
            return self.say({"prompt_id": prompt_id, "number": 1, "node_errors": {}})
        server.interrupted.append((self.path, body))
        return self.say(b"")


@pytest.fixture
def comfyui():
    """Start ComfyUI servers; all are stopped at the end."""
    started = []

    def start(**options):
        server = ComfyUI(**options)
        started.append((server, threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})))
        started[-1][1].start()
        return server

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


def at(server):
    return Target("", "", "https://api.runpod.ai/v2", server.url)


def test_prompts_are_recorded_as_jobs_with_their_images(comfyui, recorded, tape, folder):
    """Submitted, asked for until the end, and every saved image fetched; previews are not."""
    server = comfyui()
    outcome = recorded(target=at(server), concurrency=2)
    assert [entry.status for entry in outcome.entries] == ["COMPLETED"] * 3
    assert [prompt["seed"] for prompt in server.prompts.values()] == [7, 8, 9] or len(server.prompts) == 3
    jobs = tape(folder).jobs
    assert [job.status for job in jobs] == ["COMPLETED"] * 3
    assert all(len(job.last.output["images"]) == 1 and job.last.output["images"][0]["type"] == "base64" for job in jobs)
    assert not [path for path in server.asked if "preview" in path]


def test_a_client_id_is_always_sent(comfyui, recorded):
    """Without one, 0.3.68 and later answer a cached prompt without its outputs."""
    server = comfyui()
    recorded(target=at(server), samples=1)
    assert all(prompt["client"] for prompt in server.prompts.values())


def test_the_inventory_is_recorded_before_any_job(comfyui, recorded, contract, tape, folder):
    """/object_info, versions and the model folders of the contract, with sizes where the server has them."""
    server = comfyui()
    recorded(made=contract("models: [{folder: vae, name: a.safetensors}]\n"), target=at(server), samples=1)
    seen = tape(folder)
    assert seen.inventory_is_whole
    assert seen.inventory.keys() == INVENTORY.keys()
    assert seen.models["vae"] == {"a.safetensors"}
    assert server.asked.index("/object_info") < server.asked.index("/prompt")
    assert "/experiment/models/vae" in server.asked
    assert Cassette.open(folder).provenance.versions == {"ComfyUI": "0.10.0", "Python": "3.11", "PyTorch": "2.9"}


def test_a_scoped_inventory_asks_for_the_workflows_classes(comfyui, recorded, tape, folder):
    """Some 10 KB instead of 1 MB; absence of any other class is unknown."""
    server = comfyui()
    recorded(target=at(server), samples=1, scoped=True)
    assert tape(folder).classes_asked == {"EmptyImage", "ImageAddNoise", "SaveImage"}
    assert not tape(folder).inventory_is_whole


def test_a_class_name_with_a_space_is_percent_encoded(comfyui):
    """With "+" ComfyUI answers ``{}``, as for an unknown class."""
    server = comfyui()
    transport = Transport()
    ComfyUIClient(transport, server.url).probe([], ["Sigmas Rescale"])
    transport.close()
    assert "/object_info/Sigmas%20Rescale" in server.asked


def test_a_refused_prompt_stops_with_the_servers_words(comfyui, recorded):
    """The same prompt would be refused again; the way to look closer is named."""
    server = comfyui(refuse={"error": {"type": "invalid_prompt", "message": "no such node"}, "node_errors": {}})
    with pytest.raises(UsageError, match=r"/prompt answered 400: .*no such node") as caught:
        recorded(target=at(server))
    assert "comfytape lint" in caught.value.hint


def test_a_prompt_that_fails_is_recorded_as_failed(comfyui, recorded, tape, folder):
    """An execution error is an end, not an interruption."""
    outcome = recorded(target=at(comfyui(end="error")), samples=1)
    assert [entry.status for entry in outcome.entries] == ["FAILED"]
    assert [job.status for job in tape(folder).jobs] == ["FAILED"]


@pytest.mark.parametrize("route", ["history", "view"])
def test_reset_connections_are_survived(comfyui, recorded, route):
    """Polls and image downloads that break off are made again."""
    outcome = recorded(target=at(comfyui(cut=[route, route])), samples=1)
    assert [entry.status for entry in outcome.entries] == ["COMPLETED"]


def test_a_prompt_over_its_time_is_interrupted(comfyui, recorded, contract):
    """Taken out of the queue and stopped; the sample shows that it did not end."""
    server = comfyui(polls=10**9)
    made = contract()
    made.path.write_text(made.path.read_text().replace("timeout_s: 20", "timeout_s: 0.3"))
    outcome = recorded(made=type(made).load(made.folder), target=at(server), samples=1)
    assert [entry.status for entry in outcome.entries] == ["TIMED_OUT"]
    assert server.interrupted == [("/queue", {"delete": ["p0"]}), ("/interrupt", {"prompt_id": "p0"})]


def test_something_else_at_that_address_is_said(comfyui, recorded, said, plane, key):
    """A web page in ComfyUI's place: the recording goes on without an inventory, and says so."""
    server = comfyui(page=b"<html>hello</html>")
    recorded(target=Target("ep1", key, plane.url, server.url), samples=1)
    assert any("did not answer as a ComfyUI does to: system_stats, object_info" in line for line in said.lines)


def test_a_comfyui_that_is_not_there_is_unreachable(recorded):
    """Exit code 3 before any job."""
    with pytest.raises(UnreachableError, match="connection refused"):
        recorded(target=Target("", "", "", "http://127.0.0.1:9"))


def test_a_prompt_with_a_dangling_link_is_not_sent(comfyui):
    """It would kill the server's worker thread."""
    server = comfyui()
    transport = Transport()
    with pytest.raises(UsageError, match="not sent: input 'images' of node 1 is linked to node '9'"):
        ComfyUIClient(transport, server.url).submit({"1": {"class_type": "SaveImage", "inputs": {"images": ["9", 0]}}})
    transport.close()
    assert server.asked == []


def test_two_words_in_a_list_are_no_link(comfyui):
    """A widget's value may be a list of two."""
    server = comfyui()
    transport = Transport()
    workflow = {"2": {"class_type": "X", "inputs": {"tags": ["a", "b"], "seed": 1}}}
    assert ComfyUIClient(transport, server.url).submit(workflow) == "p0"
    transport.close()


def test_ctrl_c_interrupts_what_runs(comfyui, recorder, folder):
    """A ComfyUI has no paid jobs, but its queue is not left full either."""
    server = comfyui(polls=10**9)
    process = recorder("--samples", "1", RUNPOD_ENDPOINT_ID="", COMFYUI_URL=server.url)
    deadline = time.monotonic() + 20
    while not server.prompts:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 130, err
    assert server.interrupted[0] == ("/queue", {"delete": ["p0"]})
    server.polls = 1
    _, err = recorder("--samples", "1", "--resume", RUNPOD_ENDPOINT_ID="", COMFYUI_URL=server.url).communicate(
        timeout=20
    )
    assert (folder / "cassette.json").exists(), err
