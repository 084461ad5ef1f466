"""Polls that say the same are one state with its times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["merge_polls"]

VOLATILE = frozenset(
    {
        "age", "cf-ray", "date", "etag", "last-modified", "nel", "ratelimit", "ratelimit-policy", "report-to",
        "server-timing", "set-cookie", "x-request-id", "cf-cache-status", "x-envoy-upstream-service-time",
    }
)  # fmt: skip
"""Response headers that differ between two equal answers (seen on RunPod behind Cloudflare and on aiohttp)."""

REPEATABLE = frozenset({"GET", "HEAD"})


def merge_polls(interactions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Interactions in order of their start, each run of equal polls of one URL folded into its first.

    A run ends when the same request gets another answer, so IN_QUEUE, IN_PROGRESS, COMPLETED stay three states, and
    a health gauge that goes up and down keeps every turn. Bodies are compared by their spelling, which is by content.
    """
    kept: list[dict[str, Any]] = []
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    for interaction in sorted(interactions, key=lambda i: float(i["times"][0][0])):
        request = interaction["request"]
        key = (request["method"], request["uri"])
        before = latest.get(key)
        if request["method"] in REPEATABLE and before is not None and says_the_same(before, interaction):
            before["times"] = before["times"] + interaction["times"]
            continue
        latest[key] = dict(interaction)
        kept.append(latest[key])
    return kept


def says_the_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two answers to one request differ in nothing but volatile headers."""
    return (
        one["response"].get("body") == other["response"].get("body")
        and one["response"]["status"] == other["response"]["status"]
        and one["request"].get("body") == other["request"].get("body")
        and stable(one["response"]["headers"]) == stable(other["response"]["headers"])
        and one["request"]["headers"] == other["request"]["headers"]
    )


def stable(headers: dict[str, Any]) -> dict[str, Any]:
    """Headers less the volatile ones."""
    return {name: values for name, values in headers.items() if name.lower() not in VOLATILE}
