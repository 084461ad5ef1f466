"""Replay beside a raw ASGI application that answers the same bytes on the same uvicorn: python benchmarks/replay.py

    python benchmarks/replay.py [SECONDS [ROUNDS]]      # a round's length (1) and how many (9); needs wrk (Debian: wrk)

Rounds alternate between the two servers, each a process of its own, so that what else the machine does hits both sides
alike; medians are printed. Beside requests a second stands processor time a request. The raw side is uvicorn's own
server with uvloop and httptools, its access log off.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import uvicorn

from comfytape_cassettes import Body, Cassette, Exchange, Request, Response
from comfytape_cassettes.recording import Recording
from comfytape_replayer import ReplayServer
from comfytape_replayer.library import Shelf
from comfytape_replayer.meaning import meaning_of_input
from comfytape_replayer.recorded import run_submissions
from comfytape_replayer.said import Pieces

ROOT = Path(__file__).parents[1]
CASSETTE = ROOT / "cassettes" / "noise-1024"
PICTURES = ROOT / "cassettes" / "z-image-danrisi"


def environment() -> dict[str, str]:
    """As after an installation: modules are compiled once, whatever this shell has switched off."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir(), "comfytape-benchmark-bytecode"))}


def serve_raw(port: str, file: str) -> None:
    """Be the raw side until killed."""
    body = Path(file).read_bytes()
    pairs = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    start = {"type": "http.response.start", "status": 200, "headers": pairs}

    async def app(_scope, _receive, send):
        await send(start)
        await send({"type": "http.response.body", "body": body})

    config = uvicorn.Config(
        app, port=int(port), loop="uvloop", http="httptools", lifespan="off", access_log=False, log_level="warning"
    )
    uvicorn.Server(config).run()


class Server:
    """A server process on a port, answering once this is made."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(), cwd=ROOT)

    @classmethod
    def replay(cls, cassette: Path, *options: str) -> Server:
        """``comfytape replay``."""
        made = cls(sys.executable, "-m", "comfytape", "replay", str(cassette), *options)
        made.port = int(made.process.stdout.readline().rpartition(":")[2])
        return made

    @classmethod
    def raw(cls, file: Path, port: int = 18471) -> Server:
        """The raw side."""
        made = cls(sys.executable, __file__, "raw", str(port), str(file))
        made.port = port
        for _ in range(200):
            try:
                ask(port, "GET", "/", parsed=False)
                return made
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the raw server does not answer")

    def cpu_s(self) -> float:
        """Processor time of all its threads so far; from the scheduler in nanoseconds."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def memory_mb(self) -> float:
        """Resident memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


def ask(port: int, method: str, path: str, body: bytes = b"", scenario: str = "none", *, parsed: bool = True) -> object:
    """One request on a connection of its own."""
    client = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        client.request(method, path, body or None, {"X-Comfytape-Scenario": scenario})
        said = client.getresponse().read()
    finally:
        client.close()
    return json.loads(said) if parsed else said


def load(server: Server, path: str, clients: int, seconds: int) -> tuple[float, float]:
    """Requests a second, and processor microseconds a request."""
    command = ["wrk", f"-t{min(clients, 2)}", f"-c{clients}", f"-d{seconds}s", f"http://127.0.0.1:{server.port}{path}"]
    before = server.cpu_s()
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    spent = server.cpu_s() - before
    count = int(re.search(r"(\d+) requests in", said)[1])
    if "Non-2xx" in said or "Socket errors" in said or not count:
        raise SystemExit(f"not a measurement:\n{said}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), spent / count * 1e6


def workflows(cassette: Path = CASSETTE) -> list[dict]:
    """What was submitted."""
    bodies = [e.request.body.json() for e in Cassette.open(cassette).exchanges if e.request.url.endswith("/run")]
    return [body["input"]["workflow"] for body in bodies]


def submit(server: Server, polls: int) -> str:
    """A job that has been polled so often, or one that waits for ever; the path of its status."""
    body = json.dumps({"input": {"workflow": workflows()[0]}}).encode()
    job = ask(server.port, "POST", "/v2/x/run", body, "none" if polls else "stuck-queue")["id"]
    for _ in range(polls):
        ask(server.port, "GET", f"/v2/x/status/{job}")
    return f"/v2/x/status/{job}"


def compare(name: str, polls: int, clients: int, rounds: int, seconds: int) -> None:
    """One line of the table."""
    replay = Server.replay(CASSETTE)
    path = submit(replay, polls)
    with tempfile.NamedTemporaryFile() as file:
        file.write(ask(replay.port, "GET", path, parsed=False))
        file.flush()
        raw = Server.raw(Path(file.name))
    rates: dict[str, list[tuple[float, float]]] = {"raw": [], "replay": []}
    for _ in range(rounds):
        rates["raw"].append(load(raw, path, clients, seconds))
        rates["replay"].append(load(replay, path, clients, seconds))
    raw.stop()
    replay.stop()
    (raw_rate, raw_cpu), (rate, cpu) = (
        tuple(statistics.median(column) for column in zip(*rates[kind], strict=True)) for kind in ("raw", "replay")
    )
    ratios = sorted(mine[0] / its[0] for mine, its in zip(rates["replay"], rates["raw"], strict=True))
    print(
        f"{name:28} {clients} client{'s' if clients > 1 else ' '}  raw {raw_rate:6.0f}/s {raw_cpu:6.1f} us   "
        f"replay {rate:6.0f}/s {cpu:6.1f} us   ratio {statistics.median(ratios):.2f} "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f})",
        flush=True,
    )


def variations(count: int) -> list[Exchange]:
    """So many recorded jobs, each of another colour."""
    template = workflows()[0]
    exchanges = []
    for number in range(count):
        workflow = copy.deepcopy(template)
        workflow["1"]["inputs"]["color"] = number
        body = json.dumps({"input": {"workflow": workflow}}).encode()
        said = json.dumps({"id": f"{number:036}-u1", "status": "IN_QUEUE"}).encode()
        request = Request("POST", "http://127.0.0.1/v2/x/run", body=Body.of(body))
        exchanges.append(Exchange(request, Response(200, body=Body.of(said)), ((float(number), 1.0),)))
    return exchanges


def matching(count: int) -> None:
    """Time to find one of so many recorded jobs, and to build the index once."""
    exchanges = variations(count)
    shelf = Shelf(submission for _, submission in run_submissions(exchanges, Pieces()))
    wanted = json.loads(exchanges[-1].request.body.raw())["input"]
    wanted["workflow"]["2"]["inputs"]["seed"] = 1
    began = time.process_time()
    assert shelf.find(meaning_of_input(wanted)) is not None
    built = time.process_time() - began
    rounds = []
    for _ in range(20):
        began = time.process_time()
        for _ in range(100):
            shelf.find(meaning_of_input(wanted))
        rounds.append((time.process_time() - began) * 10)
    found = statistics.median(rounds)
    print(
        f"matching among {count} recorded jobs: {found:.3f} ms; their index is built once, in {built:.2f} s", flush=True
    )


def starting(times: int) -> None:
    """From the start of the command to the first answer."""
    found = []
    for number in range(times + 1):
        began = time.perf_counter()
        server = Server.replay(PICTURES)
        ask(server.port, "GET", "/v2/x/health")
        wall, cpu = time.perf_counter() - began, server.cpu_s()
        server.stop()
        if number:  # the first one compiles
            found.append((wall, cpu))
    wall, cpu = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"start to first answer: {wall:.2f} s, of which {cpu:.2f} s processor time", flush=True)


def in_process(times: int) -> None:
    """What a test pays for a server of its own, and a session for the first one."""
    code = (
        "import time\nbegan = time.process_time()\nfrom comfytape_replayer import ReplayServer\n"
        f"with ReplayServer({str(CASSETTE)!r}): pass\nprint(time.process_time() - began)"
    )
    command = [sys.executable, "-c", "import asyncio, json, pathlib, re, uvicorn, uvloop, pytest\n" + code]
    runs = [subprocess.run(command, capture_output=True, check=True, env=environment()).stdout for _ in range(6)]
    first = statistics.median(float(run) for run in runs[1:])
    began = time.process_time()
    for _ in range(times):
        with ReplayServer(CASSETTE):
            pass
    each = (time.process_time() - began) / times
    print(f"in a test session: {first * 1000:.0f} ms for the first server, {each * 1000:.1f} ms for each further one")


def memory(jobs: int, recorded: int) -> None:
    """Memory before and after so many jobs at once, each seen to its end, and with so many recorded exchanges."""
    server = Server.replay(CASSETTE)
    body = json.dumps({"input": {"workflow": workflows()[0]}}).encode()
    submit(server, 3)
    before = server.memory_mb()

    def one(_: int) -> None:
        job = ask(server.port, "POST", "/v2/x/run", body)["id"]
        for _ in range(3):
            ask(server.port, "GET", f"/v2/x/status/{job}")

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(one, range(jobs)))
    print(f"memory: {before:.0f} MB with one job, {server.memory_mb():.0f} MB with {jobs} from 50 threads", flush=True)
    server.stop()
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording.start(Path(folder, "many"), plane="loopback")
        for exchange in variations(recorded):
            recording.add(exchange)
        recording.finish()
        server = Server.replay(Path(folder, "many"))
        began = server.memory_mb()
        body = json.dumps(json.loads(variations(1)[0].request.body.raw())).encode()
        ask(server.port, "POST", "/v2/x/run", body)
        one_found = server.memory_mb()
        for _ in range(1000):
            ask(server.port, "POST", "/v2/x/run", body)
        print(
            f"memory: {began:.0f} MB with {recorded} recorded jobs, {one_found:.0f} MB with their index, "
            f"{server.memory_mb():.0f} MB after 1000 submissions", flush=True,
        )  # fmt: skip
        server.stop()


def through_the_proxy(rounds: int) -> None:
    """What the recording proxy adds to a small request on a kept connection; rounds alternate."""
    replay = Server.replay(CASSETTE)
    path = submit(replay, 0)
    url = f"http://127.0.0.1:{replay.port}"
    with tempfile.TemporaryDirectory() as folder:
        command = (sys.executable, "-m", "comfytape", "proxy", "bench", "--into", folder, "--runpod", f"{url}/v2")
        proxy = Server(*command)
        proxy.port = int(proxy.process.stdout.readline().rpartition(":")[2])
        clients = {
            name: HTTPConnection("127.0.0.1", server.port) for name, server in (("direct", replay), ("proxy", proxy))
        }
        times: dict[str, list[float]] = {name: [] for name in clients}
        for _ in range(rounds):
            for name, client in clients.items():
                for _ in range(20):
                    began = time.perf_counter()
                    client.request("GET", path)
                    client.getresponse().read()
                    times[name].append((time.perf_counter() - began) * 1000)
        for client in clients.values():
            client.close()
        proxy.stop()
    replay.stop()
    direct, proxied = (statistics.median(times[name]) for name in ("direct", "proxy"))
    print(f"proxy: {direct:.2f} ms direct, {proxied:.2f} ms through it: {proxied - direct:.2f} ms more", flush=True)


def main() -> None:
    """The table."""
    if shutil.which("wrk") is None:
        raise SystemExit("this needs wrk: apt-get install wrk")
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    for clients in (1, 8):
        compare("status with job state, small", 0, clients, rounds, seconds)
    for clients in (1, 8):
        compare("result of 2.2 MB", 3, clients, rounds, seconds)
    through_the_proxy(30)
    matching(10_000)
    starting(9)
    in_process(50)
    memory(1000, 10_000)


if __name__ == "__main__":
    if sys.argv[1:2] == ["raw"]:
        serve_raw(*sys.argv[2:])
    else:
        main()
