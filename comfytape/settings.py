"""Settings: where contracts and cassettes are.

From ``COMFYTAPE_…`` variables, then ``[tool.comfytape]`` in pyproject.toml, then defaults.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    PyprojectTomlConfigSettingsSource,
    SettingsConfigDict,
)

from comfytape_cassettes import UsageError

__all__ = ["Settings", "find_cassette", "find_contract", "load_settings"]


class Settings(BaseSettings):
    """Folders, and the names of environment variables whose values must never be kept.

    In pyproject.toml, under ``[tool.comfytape]``::

        contracts = "deploy/contracts"
        cassettes = "tests/cassettes"
        secrets_env = ["BUCKET_SECRET_ACCESS_KEY"]
        scan_exclude = ["tests/fixtures/*"]
    """

    model_config = SettingsConfigDict(
        env_prefix="COMFYTAPE_", pyproject_toml_table_header=("tool", "comfytape"), extra="forbid"
    )

    contracts: Path = Path("contracts")
    cassettes: Path = Path("cassettes")
    secrets_env: list[str] = []
    scan_exclude: list[str] = []

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - .env files hold keys and are not read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file."""
        return init_settings, env_settings, PyprojectTomlConfigSettingsSource(settings_cls)

    def secret_values(self) -> tuple[str, ...]:
        """Values of the variables in ``secrets_env`` that are set."""
        return tuple(value for name in self.secrets_env if (value := os.environ.get(name)))


def load_settings() -> Settings:
    """The settings of the current folder.

    Raises:
        UsageError: a key or value does not fit.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"[tool.comfytape] {'.'.join(str(k) for k in e['loc'])}: {e['msg']}" for e in error.errors()]
        raise UsageError("\n".join(lines), hint="known keys: " + ", ".join(Settings.model_fields)) from error
    except ValueError as error:
        raise UsageError(f"the settings cannot be read: {error}") from error
    except RecursionError as error:
        raise UsageError("the settings cannot be read: pyproject.toml is nested too deeply") from error
    except (AttributeError, TypeError) as error:
        # pydantic-settings takes it for granted that a table is one.
        raise UsageError(
            "the settings cannot be read: [tool.comfytape] of pyproject.toml is no table",
            hint="known keys: " + ", ".join(Settings.model_fields),
        ) from error


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
