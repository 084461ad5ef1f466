"""RunPod's and ComfyUI's documents as they come over the wire, read leniently: unknown fields are kept out of the way.

Shapes: docs.runpod.io "send requests" and live captures of 2026-08; a field appears only when it is set.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = ["FINAL_STATES", "Health", "JobCounts", "JobObject", "Workers", "health_of", "job_of"]

FINAL_STATES = frozenset({"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"})
"""States after which a job does not change (docs.runpod.io, job states)."""


class Wire(BaseModel):
    """A foreign document."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class JobObject(Wire):
    """The answer of ``/run``, ``/runsync``, ``/status`` and the body of a webhook; times in milliseconds."""

    id: str
    status: str
    delay_ms: float | None = Field(default=None, alias="delayTime")
    execution_ms: float | None = Field(default=None, alias="executionTime")
    worker_id: str | None = Field(default=None, alias="workerId")
    retries: int | None = None
    output: Any = None
    error: Any = None

    @property
    def is_final(self) -> bool:
        """Whether the job will not change any more."""
        return self.status in FINAL_STATES


class JobCounts(Wire):
    """``jobs`` of ``/health``."""

    completed: int = 0
    failed: int = 0
    in_progress: int = Field(default=0, alias="inProgress")
    in_queue: int = Field(default=0, alias="inQueue")
    retried: int = 0


class Workers(Wire):
    """``workers`` of ``/health``: two fields are documented, six come."""

    idle: int = 0
    initializing: int = 0
    ready: int = 0
    running: int = 0
    throttled: int = 0
    unhealthy: int = 0

    @property
    def able(self) -> int:
        """Workers that could take a job at once."""
        return max(self.idle, self.ready, self.running)


class Health(Wire):
    """The answer of ``/health``."""

    jobs: JobCounts
    workers: Workers


def job_of(data: Any) -> JobObject | None:
    """A job object, or None where the document is not one."""
    try:
        return JobObject.model_validate(data)
    except ValidationError:
        return None


def health_of(data: Any) -> Health | None:
    """A health document, or None where it is not one."""
    try:
        return Health.model_validate(data)
    except ValidationError:
        return None
