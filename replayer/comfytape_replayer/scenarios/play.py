"""A job's course, and the ways in which scenarios change it."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import Body, Response
from comfytape_replayer.said import Said
from comfytape_replayer.timeline import State, Timeline, job_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comfytape_replayer.said import Pieces

__all__ = ["Play", "reworded"]

WORKER = "comfytape00000"
"""A worker id where the recording shows none; RunPod's have fourteen characters."""

LIFTED = "comfytape-body:"


@dataclass(frozen=True, slots=True)
class Play:
    """One job as it would go: its recorded id, workflow and states."""

    job: str
    workflow: Mapping[str, Any] | None
    timeline: Timeline
    pieces: Pieces

    @property
    def queued(self) -> State:
        """What the submission is answered with."""
        return self.timeline[0]

    @property
    def last(self) -> State:
        """The end of the course."""
        return self.timeline[-1]

    @property
    def before_last(self) -> Timeline:
        """All states but the final one."""
        return tuple(state for state in self.timeline if not state.is_final)

    @property
    def worker(self) -> str:
        """The worker that held the job."""
        return next((state.worker for state in self.timeline if state.worker), WORKER)

    def said(self, status: str, *, at_ms: float, **fields: Any) -> State:
        """A state in RunPod's spelling; fields that are None are left out."""
        known = {name: value for name, value in fields.items() if value is not None}
        return job_answer({"id": self.job, "status": status, **known}, self.pieces, at_ms=at_ms)

    def running(self, *, at_ms: float, delay_ms: int | None = None, **fields: Any) -> State:
        """IN_PROGRESS on the recorded worker."""
        delay = self.delay_ms if delay_ms is None else delay_ms
        return self.said("IN_PROGRESS", at_ms=at_ms, delayTime=delay, workerId=self.worker, **fields)

    def failing(self, error: str, *, output: Any = None) -> Timeline:
        """The recorded course up to its end, which is FAILED."""
        fields = {"delayTime": self.delay_ms, "workerId": self.worker, "executionTime": 120}
        begun = self.before_last
        if not any(state.status == "IN_PROGRESS" for state in begun):
            begun = (*begun, self.running(at_ms=float(self.delay_ms)))
        end = self.said("FAILED", at_ms=begun[-1].at_ms + 120, **fields, output=output, error=error)
        return (*begun, end)

    @property
    def delay_ms(self) -> int:
        """``delayTime`` of the recording."""
        found = (s.document.get("delayTime") for s in self.timeline)
        return next((int(ms) for ms in found if isinstance(ms, int | float)), 1000)

    def later(self, factor: float, extra_ms: float) -> Timeline:
        """The same course, slower; ``delayTime`` and ``executionTime`` say so too."""
        return tuple(
            state if index == 0 else self.shifted(state, factor, extra_ms) for index, state in enumerate(self.timeline)
        )

    def shifted(self, state: State, factor: float, extra_ms: float) -> State:
        """One state later."""
        document = dict(state.document)
        if isinstance(document.get("delayTime"), int | float):
            document["delayTime"] = round(document["delayTime"] * factor + extra_ms)
        if isinstance(document.get("executionTime"), int | float):
            document["executionTime"] = round(document["executionTime"] * factor)
        return reworded(state, document, at_ms=state.at_ms * factor + extra_ms)

    def with_end(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Timeline:
        """The same course with another final document."""
        if not self.last.is_final:
            return self.timeline
        return (*self.timeline[:-1], reworded(self.last, change(dict(self.last.document))))

    def with_pictures(self, change: Callable[[bytes], bytes]) -> Timeline:
        """The same course with every picture of the result changed."""
        source = self.last.said.response.body

        def picture(text: str) -> str:
            try:
                if text.startswith(LIFTED):
                    data = source.read_file(text.removeprefix(LIFTED))
                else:
                    data = base64.b64decode(text, validate=True)
            except binascii.Error:
                return text
            return base64.b64encode(change(data)).decode()

        return self.with_end(lambda document: {**document, "output": pictured(document.get("output"), picture)})


def pictured(output: Any, change: Callable[[str], str]) -> Any:
    """worker-comfyui's output with its pictures changed: ``images[].data`` since 5.0, ``message`` before."""
    if not isinstance(output, dict):
        return output
    if isinstance(output.get("images"), list):
        images = [
            {**image, "data": change(image["data"])}
            if isinstance(image, dict) and isinstance(image.get("data"), str) and image.get("type") != "s3_url"
            else image
            for image in output["images"]
        ]
        return {**output, "images": images}
    if isinstance(output.get("message"), str):
        return {**output, "message": change(output["message"])}
    return output


def reworded(state: State, document: dict[str, Any], *, at_ms: float | None = None) -> State:
    """A state with another document; pictures that were lifted out of the recording stay files."""
    text = json.dumps(document)
    body = state.said.response.body
    lifted = body.spec.get("lifted", ()) if isinstance(body.spec, dict) else ()
    kept = [name for name in lifted if name in text]
    spec: Any = {"string": text, "lifted": kept} if kept else text
    old = state.said.response
    response = Response(old.status, old.reason, old.headers, Body(spec, body.source))
    said = Said(response, state.said.recorded_id.decode(), state.said.pieces)
    status = str(document.get("status", ""))
    return replace(state, at_ms=state.at_ms if at_ms is None else at_ms, status=status, said=said, document=document)
