"""``alerts:`` in contract.yaml: who hears of what, when. Secrets are named by their variable, never given."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from comfytape_contracts.contract.strict import STRICT, EnvName

__all__ = ["Alerts", "Channel"]

UNITS = {"m": "minutes", "h": "hours", "d": "days"}
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
SECRET_WORDS = ("TOKEN", "KEY", "SECRET", "PASS", "WEBHOOK", "CREDENTIAL")


def duration(value: object) -> object:
    """``30m``, ``6h`` or ``1d`` as a time span; ``0h`` is none."""
    found = re.fullmatch(r"(\d{1,4})\s*([mhd])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("expected a time span such as 30m, 6h or 1d")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def link(value: str) -> str:
    """An http(s) address with ``{contract}`` and ``{VARIABLE}`` in it; no variable that by its name is a secret."""
    for name in PLACEHOLDER.findall(value):
        if name != "contract" and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
            raise ValueError(f"expected {{contract}} or the {{NAME}} of an environment variable, got {{{name}}}")
        if any(word in name for word in SECRET_WORDS):
            raise ValueError(f"the variable {name} has the name of a secret, and a link is read by everybody")
    if not re.match(r"https?://|\{[A-Z_]", value):
        raise ValueError("expected an address that begins with http://, https:// or a {VARIABLE}")
    return value


class Channel(BaseModel):
    """One receiver: a Slack webhook, or what apprise can reach. The value names the variable that holds its URL."""

    model_config = STRICT

    slack: EnvName | None = None
    apprise: EnvName | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.slack is None) == (self.apprise is None):
            raise ValueError("expected either 'slack' or 'apprise', with the name of an environment variable")
        return self

    @property
    def env(self) -> str:
        """The name of the variable."""
        return self.slack or self.apprise or ""


class Alerts(BaseModel):
    """Who is told, of what, and when."""

    model_config = STRICT

    channels: list[Channel] = []
    github_issue: bool = Field(default=False, description="an issue that is opened, updated and closed")
    on: Literal["error", "warning"] = Field(default="error", description="the least severity that is told")
    suppress: Annotated[timedelta, BeforeValidator(duration)] = Field(
        default=timedelta(hours=6), description="how long a problem that comes back is kept quiet"
    )
    unknown_after: Annotated[int, Field(ge=1)] = Field(
        default=3, description="reports in a row that must be UNKNOWN before anybody is told"
    )
    owner: str = Field(default="", description="who answers for it, where it is not the contract's owner")
    report_url: Annotated[str, AfterValidator(link)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _has_the_key_on(cls, data: Any) -> Any:
        """YAML 1.1, which PyYAML reads, takes a bare ``on`` for True."""
        return {"on" if key is True else key: value for key, value in data.items()} if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _tells_somebody_once(self) -> Self:
        if not self.channels and not self.github_issue:
            raise ValueError("expected at least one entry in 'channels', or 'github_issue: true'")
        twice = [name for name, count in Counter(channel.env for channel in self.channels).items() if count > 1]
        if twice:
            raise ValueError(f"the variable {twice[0]} is named by two channels")
        return self
