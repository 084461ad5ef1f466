"""GitHub's REST API, as far as a workflow needs it: one repository, JSON in and out.

Paths and answers: docs.github.com, "REST API endpoints for issue comments" and "… for pull requests",
version 2022-11-28.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import UnreachableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Repository"]

TIMEOUT_S = 30.0
TRIES = 3
ASKED_AGAIN = ("GET", "PATCH")
"""Methods that do no harm twice. A POST whose answer is lost may have made its comment."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would hand the token to whatever address it is sent to."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing."""


OPENER = urllib.request.build_opener(NoRedirect)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with the token of a job."""

    url: str
    name: str
    token: str
    pause_s: float = 1.0

    def __repr__(self) -> str:
        return f"Repository({self.name!r})"

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Repository:
        """The repository that the runner's variables name.

        Raises:
            UsageError: a variable is missing, or the address is no URL.
        """
        url = environment.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
        if not url.startswith(("https://", "http://127.0.0.1:")):
            raise UsageError(f"GITHUB_API_URL is {url!r}", hint="expected https://…")
        name, token = environment.get("GITHUB_REPOSITORY", ""), environment.get("GITHUB_TOKEN", "")
        if not name or not token:
            missing = "GITHUB_REPOSITORY" if not name else "GITHUB_TOKEN"
            raise UsageError(
                f"{missing} is not set",
                hint="in a step's env: GITHUB_TOKEN: ${{ github.token }}; the runner sets the rest",
            )
        return cls(url, name, token)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask ``/repos/OWNER/NAME`` + path; the answer's JSON.

        Raises:
            UsageError: GitHub refused: the token may not, or what was sent does not fit.
            UnreachableError: GitHub did not answer, or not with JSON.
        """
        tries = TRIES if method in ASKED_AGAIN else 1
        for attempt in range(1, tries + 1):
            try:
                with OPENER.open(self.request(method, path, body), timeout=TIMEOUT_S) as answer:
                    return json.loads(answer.read() or b"null")
            except urllib.error.HTTPError as error:
                with error:
                    if error.code < 500 and error.code != 429:
                        raise refusal(method, path, error) from error
                last: Exception = error
            except (OSError, ValueError) as error:
                last = error
            if attempt < tries:
                time.sleep(self.pause_s * attempt)
        raise UnreachableError(f"GitHub did not answer {method} {path}: {last}", hint="run the job again") from last

    def request(self, method: str, path: str, body: Mapping[str, Any] | None) -> urllib.request.Request:
        """One request, with the token in its header."""
        return urllib.request.Request(  # noqa: S310 - the scheme is checked in `of`
            f"{self.url}/repos/{self.name}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "comfytape",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )


def refusal(method: str, path: str, error: urllib.error.HTTPError) -> UsageError:
    """GitHub's own words for a refusal, and what usually lies behind it."""
    text = error.read().decode("utf-8", "replace")
    try:
        said = str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        said = text[:200]
    hint = (
        "the job needs 'permissions: pull-requests: write'; a pull request from a fork never has it"
        if error.code in (401, 403, 404)
        else ""
    )
    return UsageError(f"GitHub refused {method} {path}: {error.code} {said}", hint=hint)
