"""The comment on a pull request: one a job, written anew with each push."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comfytape.reporting.formats import markdown
from comfytape_cassettes import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape.ci.api import Repository

__all__ = ["comment_text", "marker_of", "put_comment", "request_number"]

PAGE = 100
PAGES = 30


def request_number(environment: Mapping[str, str]) -> int | None:
    """The number of the pull request that the job runs for; None where it runs for something else.

    Raises:
        UsageError: the event's file cannot be read.
    """
    path = environment.get("GITHUB_EVENT_PATH")
    if not path:
        return None
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"the event in {path} cannot be read: {error}") from error
    request = event.get("pull_request") if isinstance(event, dict) else None
    number = request.get("number") if isinstance(request, dict) else None
    return number if isinstance(number, int) else None


def marker_of(environment: Mapping[str, str], key: str = "") -> str:
    """What a job knows its own comment by: an HTML comment, which GitHub does not show."""
    named = key or "/".join(environment.get(name, "") for name in ("GITHUB_WORKFLOW", "GITHUB_JOB"))
    return f"<!-- comfytape: {re.sub(r'[^A-Za-z0-9_./]+', ' ', named).strip()} -->"


def comment_text(body: str, marker: str, environment: Mapping[str, str]) -> str:
    """The comment as it is sent: marker, report, and where its artifacts are.

    Raises:
        UsageError: it is longer than GitHub takes.
    """
    link = ""
    if run := environment.get("GITHUB_RUN_ID"):
        server = environment.get("GITHUB_SERVER_URL", "https://github.com")
        link = (
            f"\n[The run with its artifacts]({server}/{environment.get('GITHUB_REPOSITORY', '')}/actions/runs/{run})\n"
        )
    text = f"{marker}\n{body}{link}"
    if len(text) > markdown.LIMIT:
        raise UsageError(
            f"the comment has {len(text)} characters, and GitHub takes {markdown.LIMIT}",
            hint="write it with: comfytape ci run",
        )
    return text


def put_comment(repository: Repository, number: int, marker: str, text: str) -> str:
    """Write the comment, over the job's earlier one where there is one; its address.

    Raises:
        UsageError, UnreachableError: as ``Repository.call`` does.
    """
    if (earlier := find(repository, number, marker)) is not None:
        answer = repository.call("PATCH", f"/issues/comments/{earlier}", {"body": text})
    else:
        answer = repository.call("POST", f"/issues/{number}/comments", {"body": text})
    return str(answer.get("html_url", "")) if isinstance(answer, dict) else ""


def find(repository: Repository, number: int, marker: str) -> int | None:
    """The id of the job's comment. One that a person wrote is never taken for it, whatever it begins with."""
    for page in range(1, PAGES + 1):
        comments: Any = repository.call("GET", f"/issues/{number}/comments?per_page={PAGE}&page={page}")
        for comment in comments if isinstance(comments, list) else []:
            if str(comment.get("body", "")).startswith(marker) and comment.get("user", {}).get("type") == "Bot":
                return int(comment["id"])
        if not isinstance(comments, list) or len(comments) < PAGE:
            return None
    return None
