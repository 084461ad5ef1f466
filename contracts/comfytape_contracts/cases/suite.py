"""RunPod Hub's ``.runpod/tests.json`` read as a suite of cases.

Format: docs.runpod.io, Hub publishing guide: ``tests`` of ``name``, ``input`` (the raw job input) and ``timeout`` (ms),
beside a ``config`` of GPU and environment, which is the Hub's own business. The Hub asks for HTTP 200 alone, which a
failed job has too; here every test is expected to succeed unless the contract says otherwise.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from comfytape_cassettes.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SuiteTest", "read_suite"]


class SuiteTest(BaseModel):
    """One test of a suite; ``timeout`` is in milliseconds."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str = Field(pattern=r"^\S([^\n\r\t]*\S)?$", max_length=100)
    input: dict[str, Any]
    timeout: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class Suite(BaseModel):
    """The file; ``config`` is read past."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    tests: list[SuiteTest] = Field(min_length=1)


def read_suite(path: Path) -> list[SuiteTest]:
    """The tests of a ``tests.json``, in their order.

    Raises:
        UsageError: it is not such a file, two tests share a name, or one has an empty input.
    """
    try:
        tests = Suite.model_validate(json.loads(path.read_text(encoding="utf-8-sig"))).tests
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(key) for key in first["loc"])
        raise UsageError(
            f"{path} is not a suite of tests: {at or 'the file'}: {first['msg']}",
            hint="expected {'tests': [{'name': …, 'input': {…}, 'timeout': MS}]}, as RunPod's Hub reads it",
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read as JSON: {error}") from error
    names = [test.name for test in tests]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{path}: two tests are called '{twice}'", hint="findings go by name: rename one")
    empty = next((test.name for test in tests if not test.input), None)
    if empty is not None:
        raise UsageError(
            f"{path}: the input of test '{empty}' is empty: RunPod accepts it and fails it minutes later",
            hint="give the input at least one key, such as 'workflow'",
        )
    return tests
