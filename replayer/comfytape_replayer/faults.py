"""What can happen to a single request: another answer, a delay, a broken connection."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from comfytape_cassettes import UsageError
from comfytape_replayer.answer import Answer, text_answer

__all__ = ["Fault", "changed", "fault_of_spec", "picked"]

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: when it happens, and what it does.

    Attributes:
        operations: RunPod operations or ComfyUI routes it is about (``status``, ``view``); empty for all requests.
        every: only each n-th such request, beginning with number ``offset``, counted from 0.
        times: at most so often.
        state: only where the answer is a job in this state.
        status, body, content_type, headers: the answer instead; the request is then not carried out.
        delay_ms: real milliseconds before the answer.
        truncate: bytes of the body that are sent before the connection ends.
        reset: the connection is cut before any answer, after the request was carried out.
        replace: values to put into a JSON answer, by dotted path (``output.images.0.filename``).
        any_of: a choice of ``reset`` and HTTP statuses, made by a seeded generator.
    """

    operations: frozenset[str] = frozenset()
    every: int = 1
    offset: int = 0
    times: int | None = None
    state: str = ""
    status: int | None = None
    body: bytes | None = None
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    delay_ms: float = 0.0
    truncate: int | None = None
    reset: bool = False
    replace: tuple[tuple[str, Any], ...] = ()
    any_of: tuple[str, ...] = ()

    def is_due(self, number: int) -> bool:
        """Whether it happens to the request of that number, counted from 0 among those it is about."""
        if number < self.offset or (number - self.offset) % self.every:
            return False
        return self.times is None or (number - self.offset) // self.every < self.times

    def answer(self) -> Answer | None:
        """The answer instead, if it has one."""
        if self.status is None:
            return None
        body = self.body if self.body is not None else json.dumps({"error": f"HTTP {self.status}"}).encode()
        return text_answer(self.status, body, self.content_type, self.headers)


PAGES = {
    502: Fault(status=502, body=b"<html><body>Bad gateway</body></html>", content_type="text/html; charset=utf-8"),
    500: Fault(status=500, body=b"Internal Server Error", content_type="text/plain; charset=utf-8"),
}
"""What gateways and servers in trouble answer: not JSON."""


def picked(choice: str) -> Fault:
    """The fault that a choice of ``any_of`` stands for."""
    if choice == "reset":
        return Fault(reset=True)
    return PAGES.get(int(choice), Fault(status=int(choice)))


def changed(answer: Answer, places: tuple[tuple[str, Any], ...]) -> Answer:
    """An answer with values put into its JSON body; one that is no JSON stays."""
    try:
        document = json.loads(b"".join(answer.chunks))
    except ValueError:
        return answer
    for path, value in places:
        put(document, path.split("."), value)
    return text_answer(answer.status, json.dumps(document).encode(), JSON_TYPE)


def put(document: Any, path: list[str], value: Any) -> None:
    """Set a value by path; a path that leads nowhere changes nothing."""
    for index, key in enumerate(path):
        last = index == len(path) - 1
        if isinstance(document, list) and key.isdigit() and int(key) < len(document):
            if last:
                document[int(key)] = value
            document = document[int(key)]
        elif isinstance(document, dict) and (last or key in document):
            if last:
                document[key] = value
            document = document[key]
        else:
            return


WHOLE = {"every": int, "offset": int, "times": int, "truncate": int, "delay": float}


def fault_of_spec(spec: str) -> Fault:
    """A fault from ``--fault``: ``OPERATION:EFFECT[,EFFECT…]``.

    Raises:
        UsageError: an effect is not one.
    """
    operation, colon, effects = spec.partition(":")
    fault = Fault(operations=frozenset() if operation in ("", "*", "any") else frozenset({operation}))
    if not colon or not effects:
        raise wrong(spec, "there is no effect")
    for effect in effects.split(","):
        fault = with_effect(fault, effect.strip(), spec)
    return fault


def with_effect(fault: Fault, effect: str, spec: str) -> Fault:
    """One effect more."""
    name, equals, value = effect.partition("=")
    if effect == "reset":
        return replace(fault, reset=True)
    if effect.isdigit() and 100 <= int(effect) <= 599:
        return replace(fault, status=int(effect))
    if equals and name == "retry-after":
        return replace(fault, headers=(*fault.headers, ("Retry-After", value)))
    if equals and name in ("state", "body"):
        return replace(fault, **{name: value if name == "state" else value.encode()})  # type: ignore[arg-type]
    try:
        number: Any = WHOLE[name](value)
    except (KeyError, ValueError) as error:
        raise wrong(spec, f"{effect!r} is no effect") from error
    if number < (1 if name == "every" else 0):
        raise wrong(spec, f"{effect!r} is out of range")
    return replace(fault, **{"delay_ms" if name == "delay" else name: number})


def wrong(spec: str, why: str) -> UsageError:
    """What a fault looks like."""
    return UsageError(
        f"fault {spec!r}: {why}; expected OPERATION:EFFECT[,EFFECT…]",
        hint="effects: an HTTP status, reset, delay=MS, truncate=BYTES, every=N, offset=N, times=N, state=STATE, "
        "body=TEXT, retry-after=S; for example status:503,every=3 or view:truncate=100",
    )
