"""A small control plane for tests: RunPod's job API on loopback, with faults on demand.

Jobs are executed either by real worker processes (the `runpod` SDK, see worker.py) or, where only the client's side is
looked at, by the plane itself after ``work_s`` seconds. What arrived is counted: ``submissions`` holds every job input.

    python tests/recorder/plane/plane.py --port 8900 --workers 1     # by hand, for a longer trial
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from PIL import Image

KEY = "rpa_" + "TESTKEY0123456789"
FINAL = {"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"}


@dataclass
class Fault:
    """What happens to the next ``times`` requests of an operation; ``after`` lets it take effect first.

    ``close`` drops the connection, ``cut`` sends half of the announced body, ``delay_s`` comes before anything else.
    """

    operation: str
    times: int = 1
    status: int = 0
    body: str = ""
    headers: dict = field(default_factory=dict)
    kind: str = "text/html"
    after: bool = False
    close: bool = False
    cut: bool = False
    delay_s: float = 0.0


@dataclass
class Job:
    id: str
    input: object
    status: str = "IN_QUEUE"
    submitted: float = field(default_factory=time.monotonic)
    started: float = 0.0
    ended: float = 0.0
    output: object = None
    error: object = None


class Plane:
    """The plane's state and routes; ``start`` serves it from a thread."""

    def __init__(self, *, workers=0, work_s=0.05, endpoint="ep1", slots=8, echo="", count_cancelled=False):
        self.workers, self.work_s, self.endpoint, self.slots, self.echo = workers, work_s, endpoint, slots, echo
        self.count_cancelled = count_cancelled
        self.jobs: dict[str, Job] = {}
        self.faults: list[Fault] = []
        self.seen: list[tuple[str, str, dict]] = []
        self.processes: list[subprocess.Popen] = []
        self.base_completed = 3
        self.lists = False
        self.output = None
        self.port = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v2"

    @property
    def submissions(self):
        return [job.input for job in self.jobs.values()]

    def fault(self, operation, **what):
        self.faults.append(Fault(operation, **what))

    def asked(self, operation):
        return [entry for entry in self.seen if entry[0] == operation]

    # -- routes

    @web.middleware
    async def gate(self, request, handler):
        parts = request.path.split("/")
        operation = parts[3] if len(parts) > 3 and parts[1] == "v2" else request.path
        if operation.startswith("job-") or operation == "ping":
            return await handler(request)
        self.seen.append((operation, request.method, dict(request.headers)))
        await request.read()
        if request.headers.get("Authorization", "").removeprefix("Bearer ") != KEY:
            return web.Response(status=401)
        if parts[2] != self.endpoint:
            return web.json_response({"error": "endpoint not found"}, status=404)
        fault = next((f for f in self.faults if f.operation == operation and f.times > 0), None)
        if fault is None:
            return self.signed(await handler(request))
        fault.times -= 1
        await asyncio.sleep(fault.delay_s)
        answer = await handler(request) if fault.after or fault.cut else None
        if fault.close:
            request.transport.abort()
            return web.Response()
        if fault.cut:
            return await half(request, answer.body)
        if fault.status:
            return web.Response(status=fault.status, text=fault.body, headers=fault.headers, content_type=fault.kind)
        return answer if answer is not None else await handler(request)

    def signed(self, answer):
        """Echo what a careless server might: the key in a header, a cookie."""
        if self.echo:
            answer.headers["X-Echo"] = self.echo
            answer.headers["Set-Cookie"] = "session=abc"
        return answer

    async def run(self, request):
        body = await request.json()
        job = Job(f"{uuid.uuid4()}-u1", body["input"])
        self.jobs[job.id] = job
        return web.json_response({"id": job.id, "status": "IN_QUEUE"})

    def view(self, job):
        said = {"id": job.id, "status": job.status}
        if job.started:
            said |= {"delayTime": int((job.started - job.submitted) * 1000), "workerId": "w1"}
        if job.ended:
            said["executionTime"] = int((job.ended - job.started) * 1000)
        if self.echo and job.status == "IN_PROGRESS":
            said["input"] = {"echo": self.echo, **job.input}
        said |= {key: getattr(job, key) for key in ("output", "error") if getattr(job, key) is not None}
        return said

    async def status(self, request):
        job = self.jobs.get(request.match_info["job"])
        if job is None:
            return web.json_response({"error": "job not found"}, status=404)
        return web.json_response(self.view(job))

    async def cancel(self, request):
        job = self.jobs.get(request.match_info["job"])
        if job is None:
            return web.json_response({"error": "job not found"}, status=404)
        if job.status not in FINAL:
            job.status = "CANCELLED"
        return web.json_response({"id": job.id, "status": job.status})

    def count(self, *states):
        return sum(job.status in states for job in self.jobs.values())

    async def health(self, _request):
        done = self.base_completed + self.count("COMPLETED", *(["CANCELLED"] if self.count_cancelled else []))
        counts = {"completed": done, "failed": self.count("FAILED"), "inProgress": self.count("IN_PROGRESS")}
        workers = {"idle": 1, "ready": 1, "running": 0, "initializing": 0, "throttled": 0, "unhealthy": 0}
        return web.json_response(
            {"jobs": counts | {"inQueue": self.count("IN_QUEUE"), "retried": 0}, "workers": workers}
        )

    async def purge(self, _request):
        queued = [job for job in self.jobs.values() if job.status == "IN_QUEUE"]
        for job in queued:
            job.status = "CANCELLED"
        return web.json_response({"removed": len(queued), "status": "completed"})

    async def retry(self, request):
        job = self.jobs[request.match_info["job"]]
        job.status = "IN_QUEUE"
        return web.json_response({"id": job.id, "status": job.status})

    async def stream(self, request):
        return web.json_response({"status": "COMPLETED", "stream": [{"output": 1}]})

    async def listed(self, _request):
        if not self.lists:
            return web.Response(status=404)
        return web.json_response({"requests": [{"id": job.id, "status": job.status} for job in self.jobs.values()]})

    # -- the workers' side (the protocol of the runpod package)

    async def take(self, _request):
        for _ in range(50):
            job = self.begin()
            if job is not None:
                return web.json_response({"id": job.id, "input": job.input})
            await asyncio.sleep(0.02)
        return web.Response(status=204)

    async def done(self, request):
        said = json.loads(await request.text())
        job = self.jobs[request.match_info["job"]]
        if job.status not in FINAL:
            job.status, job.ended = ("FAILED" if said.get("error") else "COMPLETED"), time.monotonic()
            job.output, job.error = said.get("output"), said.get("error")
        return web.Response(text="ok")

    async def idle(self, _request):
        return web.Response(text="ok")

    async def stop_requests(self, _request):
        await asyncio.sleep(1)
        return web.Response(status=204)

    def begin(self):
        job = next((job for job in self.jobs.values() if job.status == "IN_QUEUE"), None)
        if job is not None:
            job.status, job.started = "IN_PROGRESS", time.monotonic()
        return job

    async def work(self):
        """The plane as its own worker."""
        while True:
            while self.count("IN_PROGRESS") < self.slots and self.begin():
                pass
            for job in list(self.jobs.values()):
                if job.status == "IN_PROGRESS" and time.monotonic() - job.started >= self.work_s:
                    job.status, job.ended, job.output = "COMPLETED", time.monotonic(), self.output or drawn(job.input)
            await asyncio.sleep(0.005)

    # -- running

    def app(self):
        app = web.Application(middlewares=[self.gate], client_max_size=64 << 20)
        e = "/v2/{endpoint}"
        app.add_routes(
            [
                web.post(f"{e}/run", self.run),
                web.post(f"{e}/runsync", self.run),
                web.get(f"{e}/status/{{job}}", self.status),
                web.post(f"{e}/cancel/{{job}}", self.cancel),
                web.post(f"{e}/retry/{{job}}", self.retry),
                web.get(f"{e}/stream/{{job}}", self.stream),
                web.post(f"{e}/purge-queue", self.purge),
                web.get(f"{e}/health", self.health),
                web.get(f"{e}/requests", self.listed),
                web.get(f"{e}/job-take/{{worker}}", self.take),
                web.get(f"{e}/job-stop/{{worker}}", self.stop_requests),
                web.post(f"{e}/job-done/{{worker}}/{{job}}", self.done),
                web.get(f"{e}/ping/{{worker}}", self.idle),
            ]
        )
        return app

    async def serve(self, ready, port=0):
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        runner = web.AppRunner(self.app(), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        worker = None if self.workers else asyncio.create_task(self.work())
        for number in range(self.workers):
            self.processes.append(self.start_worker(number))
        ready.set()
        await self.over.wait()
        if worker:
            worker.cancel()
        for process in self.processes:
            process.kill()
            process.wait()
        await runner.cleanup()

    def start_worker(self, number):
        base = f"{self.url}/{self.endpoint}"
        environment = os.environ | {
            "RUNPOD_WEBHOOK_GET_JOB": f"{base}/job-take/$ID?gpu=CPU",
            "RUNPOD_WEBHOOK_POST_OUTPUT": f"{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=CPU",
            "RUNPOD_WEBHOOK_PING": f"{base}/ping/$RUNPOD_POD_ID?gpu=CPU",
            "RUNPOD_POD_ID": f"worker{number}",
            "RUNPOD_AI_API_KEY": "worker",
            "RUNPOD_ENDPOINT_ID": self.endpoint,
            "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
            "RUNPOD_SKIP_GPU_CHECK": "true",
        }
        quiet = subprocess.DEVNULL
        handler = Path(__file__).with_name("worker.py")
        return subprocess.Popen([sys.executable, handler], env=environment, stdout=quiet, stderr=quiet)

    def start(self):
        ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve(ready)), daemon=True)
        self.thread.start()
        assert ready.wait(20)
        return self

    def stop(self):
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join(20)


async def half(request, body):
    """Announce a body, send half of it, drop the connection."""
    answer = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": "application/json"})
    await answer.prepare(request)
    await answer.write(body[: len(body) // 2])
    await asyncio.sleep(0.05)
    request.transport.close()
    return answer


def drawn(job_input):
    """The picture of a workflow: 32x32, by its content."""
    digest = hashlib.sha256(json.dumps(job_input, sort_keys=True).encode()).digest()
    out = io.BytesIO()
    Image.frombytes("RGB", (32, 32), (digest * 96)[: 32 * 32 * 3]).save(out, "PNG")
    data = base64.b64encode(out.getvalue()).decode()
    return {"images": [{"filename": "sample_00001_.png", "type": "base64", "data": data}]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    asyncio.run(Plane(workers=asked.workers).serve(threading.Event(), asked.port))
