"""What is told: a title, lines of text, and Slack's blocks. The same facts in each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape.alerts.change import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape.alerts.change import Change
    from comfytape.alerts.digest import Reminder

__all__ = ["Message", "facts", "footer", "headline", "sentence", "slack_payload", "text", "title"]

HEADER_LIMIT, SECTION_LIMIT, BLOCK_LIMIT = 150, 3000, 50
"""Characters of a header and a section, blocks of a message (docs.slack.dev, Block Kit reference: blocks)."""
SIGNS = {Kind.NEW: "🔴", Kind.WORSE: "🔺", Kind.RESOLVED: "✅"}
NODES_NAMED = 5
CHANGES_TOLD = 40
"""Changes in one message; Slack has room for 50 blocks with header and footer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one channel about one contract.

    Attributes:
        subject: the contract, with the endpoint where it has several, and the command where it is not ``check``.
        workflow: the contract's workflow file.
        changes: what to tell.
        reminders: accepted findings, for a digest.
        is_digest: whether this is a digest, which may have nothing to remind of.
        still_open: how many problems are open.
        owner: who answers for it, or "".
        link: where the report is, or "".
    """

    subject: str
    workflow: str
    changes: Sequence[Change] = ()
    reminders: Sequence[Reminder] = ()
    is_digest: bool = False
    still_open: int = 0
    owner: str = ""
    link: str = ""


def title(message: Message) -> str:
    """``comfytape z-image-danrisi: 1 new, 2 resolved``."""
    if message.is_digest:
        return f"comfytape {message.subject}: {len(message.reminders)} accepted, {message.still_open} open"
    counts = Counter(change.kind for change in message.changes)
    return f"comfytape {message.subject}: " + ", ".join(f"{counts[kind]} {kind}" for kind in Kind if counts[kind])


def headline(change: Change) -> str:
    """``NEW error required-node-missing``."""
    problem = change.problem
    return f"{change.kind.upper()} {problem.severity} {problem.rule}"


def sentence(change: Change) -> str:
    """What it is about; of a thing of the past as of one."""
    return f"{'no longer so: ' if change.kind is Kind.RESOLVED else ''}{change.problem.message}"


def facts(change: Change, workflow: str) -> list[tuple[str, str]]:
    """What else is told of a change, as (name, value)."""
    problem = change.problem
    others = [name for name in problem.nodes if name != problem.node]
    named = ", ".join(others[:NODES_NAMED]) + (", …" if len(others) > NODES_NAMED else "")
    found = [
        ("workflow", problem.where if problem.where.startswith(f"{workflow}:") else workflow),
        ("node", "; ".join(part for part in (problem.node, named and f"also {named}") if part)),
        ("place", "" if problem.where.startswith(f"{workflow}:") else problem.where),
        ("findings", f"{problem.count}: {' '.join(problem.fingerprints[:NODES_NAMED])}".removesuffix(": ")),
        ("note", "; ".join(change.remarks)),
    ]
    if change.kind is not Kind.RESOLVED:
        found.append(("next step", problem.hint))
    return [(name, value) for name, value in found if value]


def footer(message: Message) -> list[tuple[str, str]]:
    """Who answers for it, and where the whole report is."""
    rest = len(message.changes) - CHANGES_TOLD
    found = [
        ("not shown", f"{rest} more changes" if rest > 0 else ""),
        ("still open", str(message.still_open)),
        ("owner", message.owner),
        ("report", message.link),
    ]
    return [(name, value) for name, value in found if value]


def text(message: Message) -> str:
    """Plain text, for whatever shows only that."""
    parts = []
    for change in message.changes[:CHANGES_TOLD]:
        lines = [f"{headline(change)}: {sentence(change)}"]
        lines += [f"  {name}: {value}" for name, value in facts(change, message.workflow)]
        parts.append("\n".join(lines))
    parts += [reminder.words for reminder in message.reminders]
    parts.append("\n".join(f"{name}: {value}" for name, value in footer(message)))
    return "\n\n".join(parts)


def slack_payload(message: Message) -> dict[str, Any]:
    """What a Slack webhook takes: ``text`` for the notification, ``blocks`` for the message itself."""
    heading = fitted(title(message), HEADER_LIMIT)
    blocks: list[dict[str, Any]] = [{"type": "header", "text": {"type": "plain_text", "text": heading, "emoji": False}}]
    for change in message.changes[:CHANGES_TOLD]:
        lines = [f"*{escaped(name)}:* {escaped(value)}" for name, value in facts(change, message.workflow)]
        first = f"{SIGNS[change.kind]} *{escaped(headline(change))}*\n{escaped(sentence(change))}"
        blocks.append(section("\n".join([first, *lines])))
    shown = message.reminders[: CHANGES_TOLD - 1]
    blocks += [section(escaped(reminder.words)) for reminder in shown]
    if len(shown) < len(message.reminders):
        blocks.append(section(f"… and {len(message.reminders) - len(shown)} more, see accepted.yaml"))
    words = [
        f"<{escaped(value.replace('|', '%7C'))}|the report>" if name == "report" else f"*{name}:* {escaped(value)}"
        for name, value in footer(message)
    ]
    blocks.append({"type": "context", "elements": [mrkdwn(" · ".join(words))]})
    return {"text": escaped(title(message)), "blocks": blocks}


def section(words: str) -> dict[str, Any]:
    """A section of bounded length."""
    return {"type": "section", "text": mrkdwn(words)}


def mrkdwn(words: str) -> dict[str, Any]:
    """Slack's markup. ``verbatim`` keeps it from making links and mentions of names in foreign text."""
    return {"type": "mrkdwn", "text": fitted(words, SECTION_LIMIT), "verbatim": True}


def fitted(words: str, limit: int) -> str:
    """At most ``limit`` characters, never with half an escape at the end."""
    if len(words) <= limit:
        return words
    cut = words[: limit - 1]
    start = cut.rfind("&")
    return (cut[:start] if start >= 0 and ";" not in cut[start:] else cut) + "…"


def escaped(words: str) -> str:
    """Foreign text for Slack: & < > are its control characters (docs.slack.dev, Formatting message text)."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
