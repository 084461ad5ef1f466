"""Replay against a raw ASGI application that answers the same bytes on the same uvicorn: python benchmarks/replay.py

Rounds alternate between the two servers, each a process of its own. The ratio that counts is processor time a request,
which does not depend on what else the machine does; requests a second are printed beside it.
"""

from __future__ import annotations

import copy
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

from comfytape_cassettes import Body, Cassette, Exchange, Request, Response
from comfytape_replayer import ReplayServer
from comfytape_replayer.app import ReplayApp
from comfytape_replayer.http import Listener, bound, new_loop
from comfytape_replayer.library import Library, Shelf
from comfytape_replayer.meaning import meaning_of_input
from comfytape_replayer.recorded import run_submissions
from comfytape_replayer.said import Pieces

ROOT = Path(__file__).parents[1]
CASSETTE = ROOT / "cassettes" / "noise-1024"


def serve(kind: str) -> None:
    """Be a server until killed."""

    if kind == "replay":
        app = ReplayApp(Library([Cassette.open(CASSETTE)]))
    else:
        body = Path(sys.argv[3]).read_bytes()
        start = {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", b"application/json; charset=utf-8"),
                (b"server", b"Python/3.11 aiohttp/3.14.5"),
                (b"content-length", b"%d" % len(body)),
            ],
        }

        async def app(_scope, _receive, send):
            await send(start)
            await send({"type": "http.response.body", "body": body})

    sock = bound("127.0.0.1", 0)
    loop = new_loop()
    loop.run_until_complete(Listener(app, sock).start())
    print(sock.getsockname()[1], flush=True)
    loop.run_forever()


class Server:
    """A server process."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, __file__, "serve", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def cpu_s(self) -> float:
        """Processor time so far; from the scheduler in nanoseconds where the kernel tells."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9

    def memory_mb(self) -> float:
        """Resident memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def connection(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def exchange(sock: socket.socket, request: bytes, buffer: bytearray) -> bytes:
    """One request on a kept connection; the body's last bytes."""
    sock.sendall(request)
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(65536)
    top, _, rest = head.partition(b"\r\n\r\n")
    length = int(top.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    missing = length - len(rest)
    while missing > 0:
        missing -= sock.recv_into(buffer, min(missing, len(buffer)))
    return rest


def ask(port: int, method: str, path: str, body: bytes = b"", scenario: str = "none") -> dict:
    client = HTTPConnection("127.0.0.1", port)
    client.request(method, path, body or None, {"X-Comfytape-Scenario": scenario})
    return json.loads(client.getresponse().read())


def load(server: Server, paths: list[bytes], seconds: float) -> tuple[float, float]:
    """Requests a second, and processor microseconds a request."""
    counts = [0] * len(paths)
    stop = time.perf_counter() + seconds

    def work(index: int) -> None:
        sock, buffer = connection(server.port), bytearray(1 << 20)
        request = b"GET " + paths[index] + b" HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nAuthorization: Bearer x\r\n\r\n"
        while time.perf_counter() < stop:
            exchange(sock, request, buffer)
            counts[index] += 1
        sock.close()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(paths))]
    began, cpu = time.perf_counter(), server.cpu_s()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = sum(counts)
    return total / (time.perf_counter() - began), (server.cpu_s() - cpu) / total * 1e6


def workflows() -> list[dict]:

    cassette = Cassette.open(CASSETTE)
    bodies = [e.request.body.json() for e in cassette.exchanges if e.request.url.endswith("/run")]
    return [body["input"]["workflow"] for body in bodies]


def submit(server: Server, polls: int) -> bytes:
    """A job that has been polled so often, or one that waits for ever; the path of its status."""
    body = json.dumps({"input": {"workflow": workflows()[0]}}).encode()
    job = ask(server.port, "POST", "/v2/x/run", body, "none" if polls else "stuck-queue")["id"]
    for _ in range(polls):
        ask(server.port, "GET", f"/v2/x/status/{job}")
    return f"/v2/x/status/{job}".encode()


def compare(name: str, polls: int, clients: int, rounds: int, seconds: float) -> None:
    """One line of the table."""
    replay = Server("replay")
    paths = [submit(replay, polls) for _ in range(clients)]
    sample = connection(replay.port)
    sample.sendall(b"GET " + paths[0] + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    body = b""
    while part := sample.recv(1 << 20):
        body += part
    file = Path(os.environ.get("TMPDIR", "/tmp"), f"replay-benchmark-{os.getpid()}.bin")
    file.write_bytes(body.partition(b"\r\n\r\n")[2])
    raw = Server("raw", str(file))
    rates: dict[str, list[tuple[float, float]]] = {"raw": [], "replay": []}
    for _ in range(rounds):
        rates["raw"].append(load(raw, paths, seconds))
        rates["replay"].append(load(replay, paths, seconds))
    for server in (raw, replay):
        server.process.kill()
        server.process.wait()
    file.unlink()
    (raw_rate, raw_cpu), (rate, cpu) = (
        tuple(statistics.median(column) for column in zip(*rates[kind], strict=True)) for kind in ("raw", "replay")
    )
    print(
        f"{name:30} {clients:2} clients  raw {raw_rate:7.0f}/s {raw_cpu:7.1f} us  replay {rate:7.0f}/s {cpu:7.1f} us  "
        f"rate {rate / raw_rate:.2f}  cpu {raw_cpu / cpu:.2f}"
    )


def matching(count: int) -> None:
    """Time to find one of so many recorded jobs, and to build the index once."""

    template = workflows()[0]
    exchanges = []
    for number in range(count):
        workflow = copy.deepcopy(template)
        workflow["1"]["inputs"]["color"] = number
        body = json.dumps({"input": {"workflow": workflow}}).encode()
        said = json.dumps({"id": f"{number:036}-u1", "status": "IN_QUEUE"}).encode()
        request = Request("POST", "http://127.0.0.1/v2/x/run", body=Body.of(body))
        exchanges.append(Exchange(request, Response(200, body=Body.of(said))))
    shelf = Shelf(submission for _, submission in run_submissions(exchanges, Pieces()))
    wanted = json.loads(exchanges[-1].request.body.raw())["input"]
    wanted["workflow"]["2"]["inputs"]["seed"] = 1
    began = time.process_time()
    assert shelf.find(meaning_of_input(wanted)) is not None
    built = time.process_time() - began
    began = time.process_time()
    for _ in range(1000):
        shelf.find(meaning_of_input(wanted))
    found = time.process_time() - began
    print(f"matching among {count} recorded jobs: {found:.3f} ms; the index is built once, in {built:.2f} s")


def starting(times: int) -> None:
    """From the start of the command to the first answer."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        command = [sys.executable, "-m", "comfytape", "replay", str(ROOT / "cassettes" / "z-image-danrisi")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        port = int(process.stdout.readline().rpartition(":")[2])
        ask(port, "GET", "/v2/x/health")
        wall = time.perf_counter() - began
        fields = Path(f"/proc/{process.pid}/schedstat").read_text().split()
        found.append((wall, int(fields[0]) / 1e9))
        process.kill()
        process.wait()
    wall, cpu = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"start to first answer: {wall:.2f} s, of which {cpu:.2f} s processor time")


def in_process(times: int) -> None:
    """What a test pays for a server of its own."""

    with ReplayServer(CASSETTE):
        pass
    began = time.process_time()
    for _ in range(times):
        with ReplayServer(CASSETTE):
            pass
    print(f"a server in this process, started and stopped: {(time.process_time() - began) / times * 1000:.1f} ms")


def memory(jobs: int) -> None:
    """Memory before and after so many jobs at once, each seen to its end."""
    server = Server("replay")
    submit(server, 3)
    before = server.memory_mb()
    for _ in range(jobs):
        submit_one(server.port)
    print(f"memory: {before:.0f} MB with one job, {server.memory_mb():.0f} MB with {jobs}")
    server.process.kill()
    server.process.wait()


BODY: list[bytes] = []


def submit_one(port: int) -> None:
    """A job, polled to its end."""
    if not BODY:
        BODY.append(json.dumps({"input": {"workflow": workflows()[0]}}).encode())
    job = ask(port, "POST", "/v2/x/run", BODY[0])["id"]
    for _ in range(2):
        ask(port, "GET", f"/v2/x/status/{job}")


def main() -> None:
    """The table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    for clients in (1, 8):
        compare("status with job state, small", 0, clients, 5, seconds)
    compare("result of 2.2 MB", 3, 8, 5, seconds)
    matching(10_000)
    starting(7)
    in_process(50)
    memory(1000)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2])
    else:
        main()
