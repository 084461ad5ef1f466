"""What RunPod posts to a job's ``webhook``, into the exchanges of a job that checks can read.

The body is the job object of ``/status`` with ``input`` and ``webhook`` repeated; up to three deliveries of one job
(runpod-plugins-official, golden-paths/16; docs, serverless/endpoints/send-requests.mdx).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from comfytape_cassettes.body import Body
from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.exchange import Exchange, Headers, Request, Response
from comfytape_cassettes.formats.document import json_values
from comfytape_cassettes.formats.message import checked_times
from comfytape_cassettes.formats.tape import ForeignTape

__all__ = ["is_webhook", "webhook_tape"]

BASE = "https://api.runpod.ai/v2/webhook"
"""The endpoint's id is not in a webhook's body; ``webhook`` stands for it."""

UNKNOWN = (
    "From webhook bodies: when jobs were submitted, their earlier states, HTTP headers and the endpoint's id are not "
    "known. All jobs begin at 0, the file's date stands for theirs, and 'webhook' for the endpoint."
)
STATUSES = ("IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT")
JSON = Headers.of({"Content-Type": "application/json"})


def is_webhook(value: Any) -> bool:
    """Whether a document is a job object, or a list of them."""
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and "id" in first and "status" in first


def webhook_tape(text: str, label: str, changed: float) -> ForeignTape:
    """The jobs whose bodies a file holds: one, a JSON array, or one a line; ``changed`` is the file's date.

    Raises:
        CassetteError: one of them is no job object; the message names it.
    """
    exchanges: dict[tuple[str, str, bytes], Exchange] = {}
    jobs: set[str] = set()
    rebuilt: set[str] = set()
    try:
        bodies = bodies_in(text)
    except (ValueError, RecursionError) as error:  # YAML can spell a job object too
        raise CassetteError(
            f"{label} holds what RunPod posts to a webhook, but not as JSON: {error}",
            hint="keep the bodies as they come: a JSON file each, or one a line",
        ) from error
    for number, (job, spelled) in enumerate(bodies, start=1):
        try:
            job_id, ended = facts_of(job)
            jobs.add(job_id)
            if job.get("input") is not None:
                rebuilt.add(job_id)
                submitted = submission(job, job_id)
                exchanges.setdefault(("POST", job_id, b""), submitted)
            answer = status(job_id, spelled.encode("utf-8", "surrogatepass"), ended)
        except ValueError as error:
            raise CassetteError(
                f"{label}, body {number} is not what RunPod posts to a webhook: {error}",
                hint="keep the bodies as they come: a JSON file each, or one a line",
            ) from error
        # RunPod posts again when the receiver did not answer: the same body is the same news.
        exchanges.setdefault(("GET", job_id, answer.response.body.raw()), answer)
    listed = sorted(exchanges.values(), key=lambda exchange: exchange.started_ms)
    return ForeignTape(
        tuple(listed),
        (),
        datetime.fromtimestamp(int(changed), UTC),
        "webhook bodies of RunPod",
        notes=tuple(unknown(len(jobs), len(jobs - rebuilt))),
    )


def bodies_in(text: str) -> list[tuple[Any, str]]:
    """Each job object with the characters that spell it; those of an array are spelled anew."""
    found = []
    for value, spelled in json_values(text):
        if isinstance(value, list):
            found += [(item, json.dumps(item, ensure_ascii=False)) for item in value]
        else:
            found.append((value, spelled))
    return found


def facts_of(job: Any) -> tuple[str, float]:
    """A job's id, and the milliseconds from its submission to its end as it tells them."""
    if not isinstance(job, dict):
        raise ValueError(f"expected an object, got {type(job).__name__}")  # noqa: TRY004 - it is data of a file
    job_id = job.get("id")
    if not isinstance(job_id, str) or not 0 < len(job_id) <= 200:
        raise ValueError("'id' is no job id")
    if job.get("status") not in STATUSES:
        raise ValueError(f"'status' is {str(job.get('status'))[:40]!r}; expected one of {', '.join(STATUSES)}")
    spans = [job.get(name) or 0 for name in ("delayTime", "executionTime")]
    if not all(isinstance(span, int | float) and not isinstance(span, bool) for span in spans):
        raise ValueError("'delayTime' and 'executionTime' are milliseconds")
    return job_id, checked_times(sum(spans), 0.0)[0]


def submission(job: dict[str, Any], job_id: str) -> Exchange:
    """The ``/run`` that the repeated input stands for."""
    sent = json.dumps({name: job[name] for name in ("input", "webhook") if name in job})
    queued = json.dumps({"id": job_id, "status": "IN_QUEUE"})
    return Exchange(
        Request("POST", f"{BASE}/run", JSON, Body.of(sent.encode())),
        Response(200, "OK", JSON, Body.of(queued.encode())),
    )


def status(job_id: str, body: bytes, ended: float) -> Exchange:
    """The body as an answer to ``/status``."""
    url = f"{BASE}/status/{quote(job_id, safe='', errors='replace')}"
    return Exchange(Request("GET", url), Response(200, "OK", JSON, Body.of(body)), ((ended, 0.0),))


def unknown(jobs: int, without_input: int) -> list[str]:
    """What webhook bodies do not say."""
    said = [UNKNOWN]
    if jobs > without_input:
        said.append(
            f"The requests of {jobs - without_input} jobs are rebuilt from the input that their webhook repeats; "
            "policy and s3Config are not in it."
        )
    if without_input:
        said.append(f"{without_input} jobs repeat no input: their workflows are not known.")
    return said
