"""Channels: who takes a message. Each says what is wrong with it before the first emergency."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from comfytape.alerts.change import Kind
from comfytape.alerts.delivery import PAUSES_S, Sender, UndeliveredError
from comfytape.alerts.message import slack_payload, text, title
from comfytape_cassettes import UsageError
from comfytape_contracts.findings import Severity

if TYPE_CHECKING:
    from comfytape.alerts.delivery import Deadline
    from comfytape.alerts.message import Message
    from comfytape_contracts.contract.alerts import Channel

__all__ = ["AppriseChannel", "Receiver", "SlackChannel", "receiver_of"]

CHECK_S = 30.0
"""Seconds in which apprise must have looked at a URL."""


class Receiver(Protocol):
    """What takes messages. ``name`` is what it is called in the state and on the terminal."""

    @property
    def name(self) -> str:
        """The name of the variable, or ``github``."""

    def check(self) -> None:
        """Look at whether it is set up, without sending anything.

        Raises:
            UsageError: it is not.
        """

    def send(self, message: Message, deadline: Deadline) -> None:
        """Send it.

        Raises:
            UndeliveredError: it was not taken.
        """


def receiver_of(channel: Channel) -> Receiver:
    """The receiver that a channel of a contract names.

    Raises:
        UsageError: its variable is not set or holds no fitting URL, or apprise is not installed.
    """
    url = os.environ.get(channel.env, "").strip()
    if not url:
        raise UsageError(f"{channel.env} is not set", hint=f"set {channel.env} to the URL that takes the alerts")
    return SlackChannel.of(channel.env, url) if channel.slack else AppriseChannel.of(channel.env, url)


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """A Slack webhook, or whatever takes the same JSON.

    apprise knows Slack too, but only under Slack's own host and without blocks of our own.
    """

    name: str
    url: str

    @classmethod
    def of(cls, name: str, url: str) -> SlackChannel:
        """A channel.

        Raises:
            UsageError: the URL is none; it is not repeated, since it is the secret.
        """
        if not re.fullmatch(r"https?://[^\s/@]+/[\x21-\x7e]+", url):
            raise UsageError(f"{name} holds no webhook", hint="expected https://hooks.slack.com/services/…")
        return cls(name, url)

    def check(self) -> None:
        """``of`` looked at everything that can be seen without sending."""

    def send(self, message: Message, deadline: Deadline) -> None:
        """Post the blocks; Slack answers 200 and ``ok``."""
        body = json.dumps(slack_payload(message)).encode()
        sender = Sender(deadline)
        try:
            sender.send("POST", self.url, headers={"Content-Type": "application/json"}, body=body)
        finally:
            sender.close()


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """One apprise URL: mail, Discord, Teams, PagerDuty, a webhook and a hundred more."""

    name: str
    url: str

    @classmethod
    def of(cls, name: str, url: str) -> AppriseChannel:
        """A channel.

        Raises:
            UsageError: apprise is not installed.
        """
        if importlib.util.find_spec("apprise") is None:
            raise UsageError(f"{name} needs apprise, which is not installed", hint='pip install "comfytape[alerts]"')
        return cls(name, url)

    def check(self) -> None:
        """Ask apprise whether it knows the URL.

        Raises:
            UsageError: it does not; the URL is not repeated, since it is the secret.
        """
        self.run({}, CHECK_S)

    def send(self, message: Message, deadline: Deadline) -> None:
        """Hand it to apprise, as often as it fails for a reason that may pass.

        apprise hides ``Retry-After``, so the pauses are our own.
        """
        words = {"title": title(message), "body": text(message), "type": type_of(message)}
        for pause in (*PAUSES_S, None):
            said = self.run(words, max(deadline.left, 0.1))
            if said["delivered"]:
                return
            status = said["status"]
            if pause is None or not (status == 429 or status >= 500) or not deadline.pause(pause):
                raise UndeliveredError(f"it answered {status}" if status else "apprise did not deliver it")

    def run(self, words: dict[str, str], seconds: float) -> dict[str, Any]:
        """What the process says, with the keys that ``apprise_process`` names."""
        try:
            done = subprocess.run(  # noqa: S603 - our own file; the URL goes in by standard input, which nobody sees
                [sys.executable, "-P", str(Path(__file__).with_name("apprise_process.py"))],
                input=json.dumps({"url": self.url, **words}).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise UndeliveredError(f"no answer within {seconds:.0f} s") from None
        lines = done.stdout.splitlines()
        if done.returncode or not lines:
            raise UndeliveredError(f"apprise ended with code {done.returncode}")
        said: dict[str, Any] = json.loads(lines[-1])
        if not said["known"]:
            raise UsageError(f"{self.name} holds no URL that apprise knows", hint="see https://appriseit.com/services/")
        return said


def type_of(message: Message) -> str:
    """apprise's type, by which services choose colour and urgency."""
    if not message.changes:
        return "info"
    bad = [change for change in message.changes if change.kind is not Kind.RESOLVED]
    if not bad:
        return "success"
    return "failure" if any(change.problem.severity is Severity.ERROR for change in bad) else "warning"
