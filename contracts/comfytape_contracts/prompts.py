"""Prompts of a ComfyUI without RunPod, read as jobs: ``/prompt``, ``/history/{id}``, ``/view``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from comfytape_contracts.jobs import Job, State, with_state
from comfytape_contracts.outputs import StoredPicture
from comfytape_contracts.routes import route_of
from comfytape_contracts.wire import JobObject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfytape_cassettes import Exchange

__all__ = ["prompts_of"]


def prompts_of(exchanges: Iterable[Exchange]) -> tuple[Job, ...]:
    """All prompts of a tape as jobs of the endpoint ``comfyui``, in order of submission."""
    asked = [(route_of(e.request.url), e) for e in exchanges]
    views = {view_key(e.request.url): e for r, e in asked if r.name == "view" and e.response.status == 200}
    jobs: dict[str, Job] = {}
    for route, exchange in asked:
        if route.name == "prompt" and exchange.request.method == "POST":
            prompt_id = parsed(exchange).get("prompt_id")
            if isinstance(prompt_id, str):
                queued = State(JobObject(id=prompt_id, status="IN_QUEUE"), exchange)
                jobs[prompt_id] = Job("comfyui", prompt_id, exchange, (queued,))
            elif exchange.response.status == 400:
                refused = refused_as(f"refused{len(jobs) + 1}", exchange)
                jobs[refused.id] = Job("comfyui", refused.id, exchange, (State(refused, exchange),))
        elif route.name == "history":
            # Asked for one prompt, or for the latest ones.
            for prompt_id, entry in parsed(exchange).items():
                if prompt_id in jobs and isinstance(entry, dict):
                    jobs[prompt_id] = with_state(jobs[prompt_id], ended_as(prompt_id, entry, views), exchange)
    return tuple(jobs.values())


def refused_as(name: str, exchange: Exchange) -> JobObject:
    """A prompt that POST /prompt refused (400), as the job that worker-comfyui makes of it: FAILED."""
    try:
        answer = json.loads(exchange.response.content())
    except (ValueError, RecursionError):
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    error = answer.get("error")
    said = [str(error.get("message", "")), str(error.get("details", ""))] if isinstance(error, dict) else [str(error)]
    nodes = answer.get("node_errors")
    for node_id, node in nodes.items() if isinstance(nodes, dict) else ():
        listed = node.get("errors") if isinstance(node, dict) else None
        said += [f"node {node_id}: {e.get('message')}: {e.get('details')}" for e in listed or () if isinstance(e, dict)]
    return JobObject(id=name, status="FAILED", error="; ".join(part for part in said if part))


def parsed(exchange: Exchange) -> dict[str, Any]:
    """The JSON object of a 200; empty for anything else."""
    if exchange.response.status != 200:
        return {}
    try:
        data = json.loads(exchange.response.content())
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def view_key(url: str) -> tuple[str, str, str]:
    """What tells one ``/view`` from another."""
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    filename, subfolder, kind = (query.get(key, [""])[0] for key in ("filename", "subfolder", "type"))
    return filename, subfolder, kind


def ended_as(prompt_id: str, entry: dict[str, Any], views: dict[tuple[str, str, str], Exchange]) -> JobObject:
    """A history entry in the words of RunPod's job object; times come from its status messages (ms)."""
    status = entry.get("status") if isinstance(entry.get("status"), dict) else {}
    assert isinstance(status, dict)
    times = {name: data.get("timestamp") for name, data in messages(status) if isinstance(data, dict)}
    began = times.get("execution_start")
    ended = times.get("execution_success") or times.get("execution_error") or times.get("execution_interrupted")
    took = float(ended - began) if isinstance(began, int | float) and isinstance(ended, int | float) else None
    if status.get("status_str") != "success":
        errors = [data for name, data in messages(status) if name == "execution_error" and isinstance(data, dict)]
        said = "; ".join(
            f"node {e.get('node_id')} ({e.get('node_type')}): {e.get('exception_message')}" for e in errors
        )
        return JobObject(id=prompt_id, status="FAILED", error=said or "execution failed", executionTime=took)
    output = {"images": list(images(entry, views))}
    return JobObject(id=prompt_id, status="COMPLETED", output=output, executionTime=took)


def messages(status: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The (name, data) pairs of a history status."""
    listed = status.get("messages")
    for message in listed if isinstance(listed, list) else ():
        if isinstance(message, list) and len(message) == 2:
            yield str(message[0]), message[1]


def images(entry: dict[str, Any], views: dict[tuple[str, str, str], Exchange]) -> Iterator[dict[str, Any]]:
    """Saved images as worker-comfyui would hand them over; one whose bytes were not fetched has none."""
    outputs = entry.get("outputs")
    for output in outputs.values() if isinstance(outputs, dict) else ():
        listed = output.get("images") if isinstance(output, dict) else None
        for image in listed if isinstance(listed, list) else ():
            if not isinstance(image, dict) or image.get("type") == "temp":
                continue
            key = (str(image.get("filename", "")), str(image.get("subfolder", "")), str(image.get("type", "")))
            view = views.get(key)
            if view is not None:
                data = StoredPicture(view.request.url, view.response.content)
                yield {"filename": key[0], "type": "base64", "data": data}
            else:
                yield {"filename": key[0], "type": "s3_url", "data": f"/view?filename={key[0]}"}
