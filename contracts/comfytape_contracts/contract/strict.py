"""What every part of a contract is made of: objects without unknown keys, and names of environment variables."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

__all__ = ["STRICT", "EnvName", "EnvNames"]


def env_name(value: str) -> str:
    """The NAME of an environment variable: a key pasted here by mistake must not be accepted."""
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", value):
        # PydanticCustomError keeps the value, which may be a key, out of the message.
        raise PydanticCustomError(
            "secret_value", "expected the NAME of an environment variable in capitals, never a value or a key"
        )
    return value


def listed(value: object) -> object:
    """One name stands for a list of one."""
    return [value] if isinstance(value, str) else value


EnvName = Annotated[str, AfterValidator(env_name)]
EnvNames = Annotated[list[EnvName], BeforeValidator(listed), Field(min_length=1)]

STRICT = ConfigDict(extra="forbid", frozen=True, strict=False)
"""Unknown keys are errors; values are what they look like."""
