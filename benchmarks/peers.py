"""Other replay and mock servers beside ours, in one run: python benchmarks/peers.py [SECONDS [ROUNDS]]

Each that is found serves the same small answer of a job's status: talkback and mitmdump replay what they recorded from
the raw server of benchmarks/replay.py, Mockoon and WireMock get it as a route. None of them keeps a job's state. Rounds
take turns; printed are medians, and the median of each round's ratio to ours. What is not installed is skipped:

    npm install talkback @mockoon/cli wiremock    # then PEERS_NPM=/where/that/was; WireMock needs Java 11 or later
    pip install mitmproxy                 # in a venv of its own; mitmdump is looked for on the PATH
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from replay import CASSETTE, Server, ask, load, submit

NPM = Path(os.environ.get("PEERS_NPM", "."), "node_modules")
TALKBACK = """
const talkback = require({module});
const record = talkback.Options.RecordMode.NEW;
talkback({{host: {host}, port: {port}, path: {path}, record, silent: true}}).start();
"""


def answering(command: list[str], port: int, path: str, folder: Path) -> Server | None:
    """A peer once it answers, or None where it does not within 20 seconds."""
    log = (folder / f"{port}.log").open("w")
    server = Server.__new__(Server)
    server.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    server.port = port
    for _ in range(200):
        try:
            ask(port, "GET", path)
            return server
        except (OSError, ValueError):
            time.sleep(0.1)
    server.stop()
    return None


def talkback(raw: Server, path: str, folder: Path) -> Server | None:
    """It records the first answer and replays it from then on."""
    if not (NPM / "talkback").is_dir():
        return None
    script = folder / "talkback.js"
    values = {"module": NPM.resolve() / "talkback", "host": f"http://127.0.0.1:{raw.port}", "path": folder / "tapes"}
    script.write_text(TALKBACK.format(port=18481, **{name: json.dumps(str(v)) for name, v in values.items()}))
    return answering(["node", str(script)], 18481, path, folder)


def mockoon(raw: Server, path: str, folder: Path) -> Server | None:
    """A route with the answer as its body."""
    program = NPM / ".bin" / "mockoon-cli"
    if not program.exists():
        return None
    body = json.dumps(ask(raw.port, "GET", path))
    answer = {"uuid": "r", "statusCode": 200, "body": body, "default": True, "disableTemplating": True, "headers": []}
    answer |= {"latency": 0, "label": "", "bodyType": "INLINE", "rules": [], "rulesOperator": "OR", "callbacks": []}
    route = {"uuid": "a", "type": "http", "method": "get", "endpoint": path.strip("/"), "responses": [answer]}
    data = {"uuid": "e", "name": "peer", "port": 18482, "hostname": "127.0.0.1", "routes": [route], "folders": []}
    data |= {"rootChildren": [{"type": "route", "uuid": "a"}], "headers": [], "data": [], "callbacks": []}
    (folder / "mockoon.json").write_text(json.dumps(data))
    command = [str(program.resolve()), "start", "--data", "mockoon.json", "--port", "18482", "--repair"]
    return answering([*command, "--disable-log-to-file"], 18482, path, folder)


def mitmdump(raw: Server, path: str, folder: Path) -> Server | None:
    """It records one answer, and replays it in a second process."""
    program = shutil.which("mitmdump")
    if program is None:
        return None
    command = [program, "-q", "--mode", f"reverse:http://127.0.0.1:{raw.port}", "--set", f"confdir={folder}"]
    recorder = answering([*command, "--listen-port", "18483", "-w", "flows"], 18483, path, folder)
    if recorder is None:
        return None
    recorder.process.terminate()
    recorder.process.wait()
    replay = ["--server-replay", "flows", "--set", "server_replay_reuse=true"]
    return answering([*command, "--listen-port", "18484", *replay], 18484, path, folder)


def wiremock(raw: Server, path: str, folder: Path) -> Server | None:
    """A mapping with the answer as its body; its journal of requests off, as its documentation advises for load."""
    jars = sorted(NPM.glob("wiremock/build/wiremock-standalone-*.jar"))
    if not jars or shutil.which("java") is None:
        return None
    (folder / "mappings").mkdir()
    answer = {"status": 200, "jsonBody": ask(raw.port, "GET", path), "headers": {"Content-Type": "application/json"}}
    mapping = {"request": {"method": "GET", "urlPath": path}, "response": answer}
    (folder / "mappings" / "status.json").write_text(json.dumps(mapping))
    command = ["java", "-jar", str(jars[-1].resolve()), "--port", "18485", "--root-dir", str(folder)]
    return answering([*command, "--no-request-journal", "--disable-banner"], 18485, path, folder)


def main() -> None:
    """The table."""
    if shutil.which("wrk") is None:
        raise SystemExit("this needs wrk: apt-get install wrk")
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        ours = Server.replay(CASSETTE)
        path = submit(ours, 0)
        (folder / "body").write_text(json.dumps(ask(ours.port, "GET", path)))
        raw = Server.raw(folder / "body")
        servers: dict[str, Server] = {"comfytape": ours, "raw ASGI": raw}
        for begin in (talkback, mockoon, mitmdump, wiremock):
            peer = begin(raw, path, folder)
            if peer is None:
                print(f"{begin.__name__}: not installed here, or does not answer; skipped")
            else:
                servers[begin.__name__] = peer
        for clients in (1, 8):
            measured: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
            for _ in range(rounds):
                for name, server in servers.items():
                    measured[name].append(load(server, path, clients, seconds))
            for name, found in measured.items():
                rate, cpu = (statistics.median(column) for column in zip(*found, strict=True))
                ratios = [its[0] / own[0] for its, own in zip(found, measured["comfytape"], strict=True)]
                print(
                    f"{clients} clients  {name:10} {rate:7.0f} requests/s  {statistics.median(ratios):.2f} of ours  "
                    f"{cpu:6.0f} us of processor time a request", flush=True,
                )  # fmt: skip
        for server in servers.values():
            server.stop()


if __name__ == "__main__":
    main()
