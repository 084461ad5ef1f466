"""Settings: where contracts and cassettes are.

From ``COMFYTAPE_…`` variables, then ``[tool.comfytape]`` in pyproject.toml, then defaults.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from comfytape_cassettes import UsageError

__all__ = ["Settings", "find_cassette", "find_contract", "load_settings"]

PYPROJECT = Path("pyproject.toml")


class Settings(BaseModel):
    """Folders, and the names of environment variables whose values must never be kept.

    In pyproject.toml, under ``[tool.comfytape]``::

        contracts = "deploy/contracts"
        cassettes = "tests/cassettes"
        secrets_env = ["BUCKET_SECRET_ACCESS_KEY"]
        scan_exclude = ["tests/fixtures/*"]

    A variable such as ``COMFYTAPE_CONTRACTS`` wins over the file; lists are JSON there.
    """

    model_config = ConfigDict(extra="forbid")

    contracts: Path = Path("contracts")
    cassettes: Path = Path("cassettes")
    secrets_env: list[str] = []
    scan_exclude: list[str] = []

    def secret_values(self) -> tuple[str, ...]:
        """Values of the variables in ``secrets_env`` that are set."""
        return tuple(value for name in self.secrets_env if (value := os.environ.get(name)))


def load_settings() -> Settings:
    """The settings of the current folder. ``.env`` files hold keys and are not read.

    Raises:
        UsageError: a key or value does not fit.
    """
    try:
        return Settings.model_validate(table_in(PYPROJECT) | from_environment())
    except ValidationError as error:
        lines = [f"[tool.comfytape] {'.'.join(str(k) for k in e['loc'])}: {e['msg']}" for e in error.errors()]
        raise UsageError("\n".join(lines), hint="known keys: " + ", ".join(Settings.model_fields)) from error


def table_in(path: Path) -> dict[str, Any]:
    """The table ``[tool.comfytape]``; empty where there is no such file or table.

    Raises:
        UsageError: the file cannot be read, or holds something else there.
    """
    try:
        data: Any = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise UsageError(f"the settings cannot be read: {path}: {error}") from error
    except RecursionError as error:
        raise UsageError(f"the settings cannot be read: {path} is nested too deeply") from error
    for key in ("tool", "comfytape"):
        data = data.get(key, {})
        if not isinstance(data, dict):
            raise UsageError(
                "the settings cannot be read: [tool.comfytape] of pyproject.toml is no table",
                hint="known keys: " + ", ".join(Settings.model_fields),
            )
    return dict(data)


def from_environment() -> dict[str, Any]:
    """What ``COMFYTAPE_…`` variables say.

    Raises:
        UsageError: a list is not written as JSON.
    """
    said: dict[str, Any] = {}
    for key, field in Settings.model_fields.items():
        name = f"COMFYTAPE_{key.upper()}"
        value = os.environ.get(name)
        if value is None:
            continue
        try:
            said[key] = value if field.annotation is Path else json.loads(value)
        except (ValueError, RecursionError) as error:
            raise UsageError(f'{name} is not a JSON list such as ["A", "B"]: {error}') from error
    return said


def find_contract(name: str, settings: Settings) -> Path:
    """The folder or file of a contract, by name or path.

    Raises:
        UsageError: there is none; the nearest name is suggested.
    """
    return find(name, settings.contracts, "contract", "contract.yaml")


def find_cassette(name: str, settings: Settings) -> str:
    """The folder of a cassette, by name or path; a URL is taken as it is.

    Raises:
        UsageError: there is none; the nearest name is suggested.
    """
    return name if "://" in name else str(find(name, settings.cassettes, "cassette", "cassette.json"))


def find(name: str, folder: Path, kind: str, file: str) -> Path:
    """A path that exists, or a name in ``folder``."""
    direct = Path(name)
    try:
        if direct.is_file() and direct.name == file:
            return direct.parent
        if direct.is_dir() and (direct / file).is_file():
            return direct
        if (folder / name / file).is_file():
            return folder / name
    except OSError as error:  # a name that no file can have
        raise UsageError(f"there is no {kind} '{name[:80]}…': {error.strerror}") from error
    known = names_in(folder, file)
    near = difflib.get_close_matches(name, known, n=1)
    suggestion = f"did you mean '{near[0]}'?" if near else (f"there are: {', '.join(known)}" if known else "")
    raise UsageError(
        f"there is no {kind} '{name}': looked for {direct / file} and {folder / name / file}",
        hint=suggestion
        or f"the folder {folder} holds none; set another with COMFYTAPE_{kind.upper()}S or [tool.comfytape]",
    )


def names_in(folder: Path, file: str) -> list[str]:
    """Names of the subfolders that hold such a file."""
    return sorted(path.parent.name for path in folder.glob(f"*/{file}")) if folder.is_dir() else []
