"""A GitHub issue for each contract: opened with the first problem, told of every change, closed with the last.

One for a contract, not for a cause: a worker image without its packs has dozens of causes and one reason. REST API
2022-11-28: docs.github.com/en/rest/issues/issues and /comments.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape.alerts.change import Kind
from comfytape.alerts.delivery import Sender, UndeliveredError
from comfytape.alerts.message import facts, footer, headline, sentence
from comfytape.reporting.formats.markdown import LIMIT, SEVERITY_SIGNS, code, escaped
from comfytape_cassettes import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape.alerts.change import Change, Known
    from comfytape.alerts.delivery import Deadline
    from comfytape.alerts.message import Message

__all__ = ["GITHUB", "GitHubIssue"]

GITHUB = "github"
"""What the channel is called in the state and on the terminal."""
API = "https://api.github.com"
PAGES = 10
"""Of a hundred issues each, the newest first, that are searched for ours where the state does not know its number."""
TRUSTED = frozenset({"COLLABORATOR", "MEMBER", "OWNER"})
MENTION = re.compile(r"@[A-Za-z0-9-]+(/[A-Za-z0-9._-]+)?")


@dataclass(frozen=True, slots=True)
class GitHubIssue:
    """The issues of one repository."""

    repository: str
    token: str
    api: str = API

    @classmethod
    def from_environment(cls) -> GitHubIssue:
        """From ``GITHUB_TOKEN``, ``GITHUB_REPOSITORY`` and ``GITHUB_API_URL``, as GitHub's runners set them.

        Raises:
            UsageError: one is missing or is not what it should be.
        """
        token, repository = os.environ.get("GITHUB_TOKEN", "").strip(), os.environ.get("GITHUB_REPOSITORY", "").strip()
        if not token:
            raise UsageError(
                "github: GITHUB_TOKEN is not set",
                hint="env: {GITHUB_TOKEN: ${{ github.token }}}, and permissions: {issues: write}",
            )
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
            raise UsageError("github: GITHUB_REPOSITORY is not set to OWNER/NAME", hint="GitHub's runners set it")
        api = os.environ.get("GITHUB_API_URL", "").strip().rstrip("/") or API
        if not re.match(r"https://|http://(127\.0\.0\.1|localhost)[:/]", api):
            raise UsageError("github: GITHUB_API_URL is no https:// address", hint=f"for example {API}")
        return cls(repository, token, api)

    def sync(self, message: Message, known: Sequence[Known], number: int | None, deadline: Deadline) -> int | None:
        """Bring the issue to where the problems are; ``number`` is the one that was used last.

        Returns:
            The issue's number while it is open, else None.

        Raises:
            UndeliveredError: GitHub did not take it.
        """
        marker = marker_of(message.subject)
        sender = Sender(deadline)
        try:
            current = self.find(sender, marker, number)
            still = [each for each in known if each.closed is None]
            body = body_of(message, still, marker)
            if current is None:
                if not still:
                    return None
                made = self.ask(sender, "POST", "/issues", {"title": issue_title(message), "body": body})
                return int(made["number"])
            # The comment first: should the rest fail, the next run finds the issue open and goes on.
            self.ask(sender, "POST", f"/issues/{current}/comments", {"body": comment_of(message)})
            end = {} if still else {"state": "closed", "state_reason": "completed"}
            self.ask(sender, "PATCH", f"/issues/{current}", {"body": body, **end})
            return current if still else None
        finally:
            sender.close()

    def find(self, sender: Sender, marker: str, number: int | None) -> int | None:
        """Our open issue: the one that the state names, or by its hidden marker."""
        if number is not None:
            try:
                if is_ours(self.ask(sender, "GET", f"/issues/{number}"), marker):
                    return number
            except UndeliveredError as error:
                if not re.search(r"answered (404|410|301)\b", str(error)):  # deleted, or moved to another repository
                    raise
        for page in range(1, PAGES + 1):
            listed = self.ask(sender, "GET", f"/issues?state=open&sort=created&per_page=100&page={page}")
            for issue in listed:
                if is_ours(issue, marker):
                    return int(issue["number"])
            if len(listed) < 100:
                break
        return None

    def ask(self, sender: Sender, method: str, path: str, document: dict[str, Any] | None = None) -> Any:
        """One request to the repository, and the JSON of its answer.

        What is created is not asked for twice after an answer that was lost: a second issue is worse than a late one.
        """
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "Content-Type": "application/json",
        }
        body = b"" if document is None else json.dumps(document).encode()
        url = f"{self.api}/repos/{self.repository}{path}"
        answer = sender.send(method, url, headers=headers, body=body, repeatable=method != "POST")
        try:
            return answer.response.body.json()
        except ValueError:
            raise UndeliveredError("it answered something that is not JSON: check GITHUB_API_URL") from None


def marker_of(subject: str) -> str:
    """A comment that readers do not see; by hash, so that no name can end the comment."""
    return f"<!-- comfytape-alert {hashlib.sha256(subject.encode()).hexdigest()[:16]} -->"


def is_ours(issue: Any, marker: str) -> bool:
    """An open issue that we opened: anybody may write a marker, so its author counts, too."""
    if not isinstance(issue, dict) or issue.get("state") != "open" or "pull_request" in issue:
        return False
    author = issue.get("user") or {}
    trusted = author.get("type") == "Bot" or issue.get("author_association") in TRUSTED
    return trusted and marker in str(issue.get("body") or "")


def issue_title(message: Message) -> str:
    """The title."""
    return f"comfytape: {message.subject} does not keep its contract"


def body_of(message: Message, still: Sequence[Known], marker: str) -> str:
    """What is open now. It is written anew with every change; the comments are the history."""
    parts = [f"{marker}\n\n{len(still)} open problem(s) of {code(message.subject)}. What changed is in the comments."]
    for known in still:
        problem = known.problem
        where = " · ".join(code(part) for part in (problem.node, problem.where, problem.rule) if part)
        lines = [
            f"- {SEVERITY_SIGNS[problem.severity]} **{problem.severity}** {escaped(problem.message)}",
            f"  {where} · since {known.opened:%Y-%m-%d %H:%M} UTC",
            f"  → {escaped(problem.hint)}" if problem.hint else "",
        ]
        parts.append("<br>\n".join(line for line in lines if line))
    return joined([*parts, ending(message)])


def comment_of(message: Message) -> str:
    """What changed."""
    return joined([*(told(change, message.workflow) for change in message.changes), ending(message)])


def told(change: Change, workflow: str) -> str:
    """One change."""
    sign = "✅" if change.kind is Kind.RESOLVED else SEVERITY_SIGNS[change.problem.severity]
    lines = [f"{sign} **{escaped(headline(change))}**: {escaped(sentence(change))}"]
    lines += [f"{name}: {escaped(value)}" for name, value in facts(change, workflow)]
    return "<br>\n".join(lines)


def ending(message: Message) -> str:
    """Who answers for it, and the report. An owner who has a name on GitHub is mentioned."""
    words = []
    for name, value in footer(message):
        if name == "report":
            words.append(f"[the report](<{value}>)")
        else:
            words.append(f"{name}: {value if MENTION.fullmatch(value) else escaped(value)}")
    return " · ".join(words)


def joined(parts: Sequence[str]) -> str:
    """The parts, up to GitHub's limit; what stands last is kept."""
    room = LIMIT - len(parts[-1]) - 100
    kept: list[str] = []
    for part in parts[:-1]:
        room -= len(part) + 2
        if room < 0:
            kept.append("*There is more than fits here: see the report.*")
            break
        kept.append(part)
    return "\n\n".join([*kept, parts[-1]])
