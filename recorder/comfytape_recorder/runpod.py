"""RunPod's job API as a client (docs.runpod.io, send requests).

HTTP 200 is never taken for success: a failed job is a 200, and a proxy's error page may be one too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from comfytape_cassettes import UsageError
from comfytape_contracts.wire import Health, JobObject, health_of, job_of
from comfytape_recorder.transport import Limits

if TYPE_CHECKING:
    from comfytape_cassettes import Exchange
    from comfytape_recorder.transport import Transport

__all__ = ["DEFAULT_BASE_URL", "QUICK", "RUN_LIMIT", "HiccupError", "InputRefusedError", "RunPodClient"]

DEFAULT_BASE_URL = "https://api.runpod.ai/v2"
RUN_LIMIT = 10_000_000
"""Bytes that ``/run`` accepts."""
RUNSYNC_LIMIT = 20_000_000
"""Bytes that ``/runsync`` accepts."""
QUICK = Limits(connect=10.0, read=20.0, total=60.0)


LONGEST_WAIT = 600.0
"""Seconds that a server may ask to be left alone for."""


class InputRefusedError(UsageError):
    """The endpoint, or a ComfyUI, refused what was submitted: this input, and not the key or the address."""


class HiccupError(Exception):
    """An answer that says nothing about the job: 429, 5xx, a proxy's page. Asking again may help.

    ``retry_after`` is what the server asked for, in seconds, or None. ``status`` is the HTTP status; a submission that
    was answered 429 or 503 was not accepted, after any other it may have been.
    """

    def __init__(self, message: str, status: int = 200, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class RunPodClient:
    """One queue endpoint.

    ``base_url`` ends in ``/v2``; ``bare_key`` sends the key without ``Bearer``, as workers do; ``limits`` hold for
    every call but a wait for the end of a job.
    """

    transport: Transport
    endpoint: str
    key: str
    base_url: str = DEFAULT_BASE_URL
    bare_key: bool = False
    limits: Limits = QUICK

    def run(self, job_input: Any, *, policy: dict[str, Any] | None = None) -> JobObject:
        """Submit a job; its answer is on disk before this returns.

        Raises:
            UsageError: the input is empty or over 10 MB, or key or endpoint are refused.
            HiccupError: 429, 5xx or an answer without a job id.
            UnreachableError: no answer came, so whether the job was accepted is not known.
        """
        return self.submitted("run", job_input, policy, RUN_LIMIT)

    def runsync(self, job_input: Any, *, wait_ms: int | None = None) -> JobObject:
        """Submit and wait: the final job, or one still running when the wait is over. Raises as ``run`` does."""
        operation = "runsync" if wait_ms is None else f"runsync?wait={wait_ms}"
        return self.submitted(operation, job_input, None, RUNSYNC_LIMIT)

    def submitted(self, operation: str, job_input: Any, policy: dict[str, Any] | None, limit: int) -> JobObject:
        """POST a job body after looking at it: RunPod accepts an empty input and fails it minutes later."""
        if not job_input:
            raise UsageError(
                "the job's input is empty: RunPod accepts it and then fails it without saying why",
                hint="give the input at least one key, such as 'workflow'",
            )
        body = json.dumps({"input": job_input, **({"policy": policy} if policy else {})}).encode()
        if len(body) > limit:
            name = operation.partition("?")[0]
            raise UsageError(
                f"the job is {len(body):,} bytes, but /{name} takes at most {limit:,}",
                hint="put large input images on a volume or behind a URL",
            )
        wait = Limits(self.limits.connect, 330.0, 330.0) if operation.startswith("runsync") else self.limits
        return self.job(self.call("POST", operation, body, limits=wait, durable=True))

    def status(self, job_id: str) -> JobObject:
        """The job as it is now. Raises ``HiccupError`` also for 404: only the caller knows whether it ever existed."""
        return self.job(self.call("GET", f"status/{quote(job_id)}"))

    def health(self) -> Health:
        """Queue and workers. Raises ``HiccupError`` when the answer is not a health document."""
        found = health_of(self.call("GET", "health"))
        if found is None:
            raise HiccupError("/health did not answer with jobs and workers")
        return found

    def cancel(self, job_id: str) -> JobObject:
        """Cancel a job, queued or running."""
        return self.job(self.call("POST", f"cancel/{quote(job_id)}"))

    def retry(self, job_id: str) -> JobObject:
        """Run a FAILED or TIMED_OUT job again under its id; its old output is gone afterwards."""
        return self.job(self.call("POST", f"retry/{quote(job_id)}"))

    def purge_queue(self) -> int:
        """Drop all queued jobs of the endpoint, also those of others; how many there were."""
        data = self.call("POST", "purge-queue")
        return int(data.get("removed", 0)) if isinstance(data, dict) else 0

    def stream(self, job_id: str) -> list[Any]:
        """The chunks since the last call; reading them removes them on the server."""
        data = self.call("GET", f"stream/{quote(job_id)}")
        chunks = data.get("stream") if isinstance(data, dict) else data
        return chunks if isinstance(chunks, list) else []

    def requests(self) -> list[JobObject]:
        """Jobs that the endpoint knows; undocumented, so an empty list where the answer is something else."""
        try:
            data = self.call("GET", "requests")
        except (HiccupError, UsageError):
            return []
        listed = data.get("requests") if isinstance(data, dict) else None
        return [job for item in listed or [] if (job := job_of(item)) is not None]

    def call(
        self, method: str, operation: str, body: bytes = b"", *, limits: Limits | None = None, durable: bool = False
    ) -> Any:
        """One exchange, parsed."""
        headers = {"Authorization": self.key if self.bare_key else f"Bearer {self.key}"}
        if body or method == "POST":
            headers["Content-Type"] = "application/json"
        url = f"{self.base_url}/{quote(self.endpoint)}/{operation}"
        return self.parsed(
            self.transport.send(method, url, headers=headers, body=body, limits=limits or self.limits, durable=durable),
            operation,
        )

    def parsed(self, exchange: Exchange, operation: str) -> Any:
        """The JSON of a 200, or the right exception for anything else."""
        status, response = exchange.response.status, exchange.response
        name = operation.partition("/")[0].partition("?")[0]
        if status in (401, 403):
            raise UsageError(
                f"/{name} of endpoint {self.endpoint} answered {status}: the key was refused",
                hint="check the API key and that it may use this endpoint",
            )
        if status == 404 and name in ("run", "runsync", "health"):
            raise UsageError(
                f"/{name} answered 404: there is no endpoint {self.endpoint} at {self.base_url}",
                hint=f"check the endpoint id and the base URL; RunPod's jobs are at {DEFAULT_BASE_URL}",
            )
        if status in (301, 302, 303, 307, 308):
            raise UsageError(
                f"/{name} answered {status}: it redirects to {beginning(response.headers.get('location'))}, "
                "which was not followed, for the key must not travel",
                hint="check the base URL; jobs of RunPod are at " + DEFAULT_BASE_URL,
            )
        if status in (400, 413, 422):
            raise InputRefusedError(
                f"/{name} answered {status}: {said(exchange)}", hint="compare the job body with RunPod's documentation"
            )
        if status != 200:
            raise HiccupError(
                f"/{name} answered {status} {response.reason}".rstrip(),
                status,
                retry_after(response.headers.get("retry-after")),
            )
        try:
            return json.loads(response.content())
        except (ValueError, RecursionError) as error:
            raise HiccupError(f"/{name} answered 200 with something that is not JSON: {said(exchange)}") from error

    def job(self, data: Any) -> JobObject:
        """A job object, or ``HiccupError`` where the document is none."""
        found = job_of(data)
        if found is None:
            raise HiccupError(f"the answer is no job: {json.dumps(data)[:200]}")
        return found


def said(exchange: Exchange) -> str:
    """The beginning of a body, on one line."""
    return " ".join(exchange.response.body.text()[:300].split()) or "an empty body"


def beginning(location: str) -> str:
    """A redirect's target less its query, which may hold a secret."""
    return location.partition("?")[0][:200] or "nowhere"


def retry_after(value: str) -> float | None:
    """Seconds of a Retry-After header, at most ten minutes; RunPod sends a whole number."""
    return min(float(value), LONGEST_WAIT) if value.strip().isdigit() and value.isascii() else None
