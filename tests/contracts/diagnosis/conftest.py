"""What was said, put together call by call in the shapes of RunPod's and ComfyUI's documents."""

from __future__ import annotations

import json

import pytest

from comfytape_cassettes import Body, Exchange, Failure, Headers, Request, Response

JOBS = "https://api.runpod.ai/v2/ep1"
MANAGEMENT = "https://api.runpod.io/v2"
COMFYUI = "http://comfy.test:8188"
CONFIG = {
    "id": "ep1",
    "name": "comfy",
    "type": "QUEUE",
    "image": "runpod/worker-comfyui:5.8.5-base",
    "env": {"SECRET_TOKEN": "REDACTED"},
    "registry": None,
    "gpu": {"pools": ["ADA_24"], "excludedTypes": [], "count": 1, "allowedCudaVersions": [], "minCudaVersion": None},
    "workers": {"min": 0, "max": 3, "idleTimeout": 5},
    "scaling": {"type": "QUEUE_DELAY", "queueDelay": 4},
    "dataCenterIds": ["EU-RO-1"],
    "networkVolumes": [],
    "timeout": 600000,
    "flashboot": "FLASHBOOT",
    "createdAt": "2026-01-15T10:00:00Z",
}


class Said:
    """Exchanges and failures, one second apart."""

    def __init__(self):
        self.exchanges, self.failures, self.at = [], [], 0.0

    def answer(
        self, method, url, body, *, status=200, kind="application/json", sent=b"", headers=(), key="Bearer REDACTED"
    ):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        request = Request(method, url, Headers.of({"Authorization": key} if key else {}), Body.of(sent))
        response = Response(status, "", Headers.of({"Content-Type": kind, **dict(headers)}), Body.of(data))
        self.exchanges.append(Exchange(request, response, ((self.at, 10.0),)))
        self.at += 1000.0
        return self

    def get(self, url, body, **how):
        return self.answer("GET", url, body, **how)

    def failed(self, url, error):
        self.failures.append(Failure("GET", url, error, (self.at, 10.0)))
        self.at += 1000.0
        return self

    def health(self, in_queue=0, in_progress=0, **workers):
        counts = {"completed": 0, "failed": 0, "inProgress": in_progress, "inQueue": in_queue, "retried": 0}
        names = ("idle", "initializing", "ready", "running", "throttled", "unhealthy")
        return self.get(f"{JOBS}/health", {"jobs": counts, "workers": {n: workers.get(n, 0) for n in names}})

    def config(self, **changed):
        return self.get(f"{MANAGEMENT}/serverless/ep1", CONFIG | changed)

    def workers(self, *workers, version=4):
        names = ("RUNNING", "IDLE", "INITIALIZING", "THROTTLED", "UNHEALTHY")
        summary = {n.lower(): sum(w["status"] == n for w in workers) for n in names} | {"total": len(workers)}
        listed = [{"gpuCount": 1, "isStale": False, **w} for w in workers]
        return self.get(
            f"{MANAGEMENT}/serverless/ep1/workers", {"endpointVersion": version, "summary": summary, "workers": listed}
        )

    def job(self, job_input, *states, after_s=1.0, policy=None, name="job1"):
        """A job submitted, then seen in each state; a state is a status or a whole job object."""
        body = {"input": job_input} | ({"policy": policy} if policy else {})
        self.answer("POST", f"{JOBS}/run", {"id": name, "status": "IN_QUEUE"}, sent=json.dumps(body).encode())
        for state in states:
            self.at += after_s * 1000 - 1000
            said = {"id": name, **({"status": state} if isinstance(state, str) else state)}
            self.get(f"{JOBS}/status/{name}", said)
        return self

    def comfyui(self, route, body, **how):
        return self.get(f"{COMFYUI}/{route}", body, **how)

    def queue(self, running=(), pending=0, prompt=None):
        items = [[0, name, prompt or {}, {}, []] for name in running]
        return self.comfyui("queue", {"queue_running": items, "queue_pending": [[1, "p", {}, {}, []]] * pending})

    def system(self):
        return self.comfyui("system_stats", {"system": {"comfyui_version": "0.10.0"}, "devices": []})

    def log(self, *lines):
        return self.comfyui("internal/logs/raw", {"entries": [{"t": "", "m": f"{line}\n"} for line in lines]})


@pytest.fixture
def said():
    return Said()
