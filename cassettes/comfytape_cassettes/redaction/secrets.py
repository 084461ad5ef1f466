"""The values that must never be kept, where each came from, and the ones that could not be searched for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from comfytape_cassettes.errors import UsageError
from comfytape_cassettes.redaction.placeholder import is_masked

__all__ = ["SHORTEST", "Refusal", "Secret", "Secrets"]

SHORTEST = 6
"""Below this, a value occurs by chance in any image or id, and masking it would corrupt what is recorded."""

# Words of the protocols themselves. A "secret" that equals one would rewrite every answer.
_COMMON = frozenset(
    {
        "accept", "application/json", "authorization", "bearer", "cancelled", "class_type", "comfyui", "completed",
        "content-length", "content-type", "default", "disabled", "enabled", "executiontime", "delaytime", "failed",
        "health", "history", "images", "image/png", "in_progress", "in_queue", "inputs", "localhost", "127.0.0.1",
        "message", "object_info", "optional", "output", "outputs", "password", "production", "prompt", "prompt_id",
        "queue_pending", "queue_running", "required", "runpod", "running", "secret", "status", "string",
        "text/plain", "timed_out", "undefined", "workerid", "workers", "workflow",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Secret:
    """A known value. ``origin`` says where it came from in words that may be printed; the value may not."""

    value: str = field(repr=False)
    origin: str = "given"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A value that is not searched for. It is still masked wherever its place alone gives it away."""

    origin: str
    reason: str


class Secrets:
    """An immutable set of known values and user patterns. Printing it shows counts only.

    User patterns add to the built-in formats; nothing replaces them.
    """

    __slots__ = ("_patterns", "_refused", "_values")

    def __init__(
        self,
        values: tuple[Secret, ...] = (),
        patterns: tuple[re.Pattern[bytes], ...] = (),
        refused: tuple[Refusal, ...] = (),
    ) -> None:
        self._values = values
        self._patterns = patterns
        self._refused = refused

    @classmethod
    def of(cls, values: Iterable[str | Secret] | Mapping[str, str] = (), patterns: Iterable[str] = ()) -> Secrets:
        """Known values (a mapping gives each its origin, such as the variable it was read from) and regexes.

        Raises ``UsageError`` for a pattern that is no regex or that matches the empty text.
        """
        return cls(patterns=tuple(_compiled(pattern) for pattern in patterns)).with_(values)

    def with_(self, more: Iterable[str | Secret] | Mapping[str, str]) -> Secrets:
        """This set and ``more``; itself if nothing is new. Order does not matter to what is found."""
        known = {secret.value for secret in self._values}
        refusals = set(self._refused)
        values, refused = list(self._values), list(self._refused)
        for secret in _named(more):
            reason = _unfit(secret.value)
            if reason and (refusal := Refusal(secret.origin, reason)) not in refusals:
                refusals.add(refusal)
                refused.append(refusal)
            elif not reason and secret.value not in known:
                known.add(secret.value)
                values.append(secret)
        if len(values) == len(self._values) and len(refused) == len(self._refused):
            return self
        # Longest first: a value that contains another is masked whole.
        values.sort(key=lambda secret: (-len(secret.value), secret.value))
        return Secrets(tuple(values), self._patterns, tuple(refused))

    @property
    def patterns(self) -> tuple[re.Pattern[bytes], ...]:
        """The user's own regexes, over UTF-8."""
        return self._patterns

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """What was given and is not searched for, each with its reason; say so to the user."""
        return self._refused

    def __iter__(self) -> Iterator[Secret]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __bool__(self) -> bool:
        """Patterns count: a set of rules without values is not empty."""
        return bool(self._values or self._patterns or self._refused)

    def __repr__(self) -> str:
        return f"Secrets({len(self._values)} values, {len(self._patterns)} patterns, {len(self._refused)} refused)"


def _named(more: Iterable[str | Secret] | Mapping[str, str]) -> Iterator[Secret]:
    if isinstance(more, Mapping):
        yield from (Secret(value, origin) for origin, value in more.items())
        return
    for item in more:
        yield item if isinstance(item, Secret) else Secret(item)


def _unfit(value: str) -> str:
    if is_masked(value):
        return "it is the placeholder itself"
    if len(value.strip()) < SHORTEST:
        return f"it has fewer than {SHORTEST} characters, and masking it would corrupt other data"
    if value.strip().lower() in _COMMON:
        return "it is a word of the protocols themselves, and masking it would corrupt every answer"
    if len(set(value)) == 1:
        return "it is one character repeated, and masking it would corrupt other data"
    return ""


def _compiled(pattern: str) -> re.Pattern[bytes]:
    try:
        compiled = re.compile(pattern.encode())
    except re.error as error:
        raise UsageError(
            f"redaction pattern {pattern!r} is not a regular expression: {error}",
            hint="write it as Python's re module reads it, for example 'mycorp-[a-z0-9]{32}'",
        ) from None
    if compiled.search(b""):
        raise UsageError(
            f"redaction pattern {pattern!r} matches the empty text, so it would mask everything",
            hint="give it something that must be there, for example 'mycorp-[a-z0-9]{32}'",
        )
    return compiled
