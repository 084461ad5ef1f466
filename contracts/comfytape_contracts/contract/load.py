"""Reading a contract, with errors that name file, line, key and what was expected."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from comfytape_cassettes.errors import UsageError
from comfytape_contracts.baseline import Baseline
from comfytape_contracts.contract.model import ContractModel
from comfytape_contracts.rules import catalogue
from comfytape_contracts.yaml_file import YamlFile, read_yaml

if TYPE_CHECKING:
    import os

__all__ = ["CONTRACT_FILE", "Contract"]

CONTRACT_FILE = "contract.yaml"
SHOWN_LIMIT = 80
"""Characters of a wrong value that an error shows."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract with the folder it came from and the lines of its keys."""

    folder: Path
    model: ContractModel
    file: YamlFile

    @classmethod
    def load(cls, location: str | os.PathLike[str]) -> Contract:
        """Load ``contract.yaml`` from a folder, or the file itself.

        Raises:
            UsageError: there is none, or it does not say what a contract says; file, line and key are named.
        """
        path = Path(location)
        path = path / CONTRACT_FILE if path.is_dir() or not path.suffix else path
        file = read_yaml(path)
        if not isinstance(file.data, dict):
            raise UsageError(f"{path} is not a contract: expected keys such as 'name' and 'workflow'",
                             hint="draft one with: comfytape init NAME --workflow FILE")  # fmt: skip
        try:
            model = ContractModel.model_validate(file.data)
        except ValidationError as error:
            raise UsageError(
                "\n".join(explain(file, item) for item in error.errors()), hint="see docs/contract.md"
            ) from error
        refuse_unknown_rules(file, model)
        return cls(path.parent, model, file)

    @property
    def name(self) -> str:
        """The contract's name."""
        return self.model.name

    @property
    def path(self) -> Path:
        """The contract file."""
        return self.file.path

    @property
    def baseline_path(self) -> Path:
        """Where findings are accepted: ``accepted.yaml`` beside the contract."""
        return self.folder / "accepted.yaml"

    def baseline(self) -> Baseline:
        """The accepted findings; empty where nothing was accepted.

        Raises:
            UsageError: accepted.yaml is damaged.
        """
        return Baseline.load(self.baseline_path)

    def line(self, *keys: Any) -> int | None:
        """The line of a key, for findings."""
        return self.file.line(keys)

    def beside(self, name: str) -> Path:
        """A file that the contract names, relative to its folder.

        Raises:
            UsageError: it is not there.
        """
        path = self.folder / name
        try:
            there = path.is_file()
        except (OSError, ValueError):
            there = False  # too long a name, or a NUL in it
        if not there:
            raise UsageError(f"{self.path}: the file {name!r} it names is not there: expected {path}")
        # Contracts come in pull requests: a link in one must not show a file of the machine that checks it.
        real, project = path.resolve(), Path.cwd()
        if path.is_symlink() and not any(real.is_relative_to(top) for top in (project, self.folder.parent.resolve())):
            raise UsageError(f"{self.path}: the file {name!r} it names is a link that leads out of the project",
                             hint="put the file itself there")  # fmt: skip
        return path

    @property
    def workflow_path(self) -> Path:
        """The workflow that the contract is about."""
        return self.beside(self.model.workflow)

    @property
    def samples_path(self) -> Path:
        """The workflow that the recorder submits."""
        return self.beside(self.model.samples.workflow or self.model.workflow)


def explain(file: YamlFile, item: Any) -> str:
    """One pydantic error as ``file:line: key: what was expected, what was found``."""
    keys = tuple(item["loc"])
    where = f"{file.path}:{file.line(keys) or 1}"
    key = ".".join(str(k) for k in keys)
    if item["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(keys[-1]), known_keys(keys[:-1]), n=1)
        return f"{where}: unknown key '{key}'" + (f": did you mean '{near[0]}'?" if near else "")
    if item["type"] == "missing":
        return f"{where}: the key '{key}' is missing"
    if item["type"] == "secret_value":
        return f"{where}: {key}: {item['msg']}; got something else, not shown here since it may be a key"
    got = repr(item["input"])
    shown = got if len(got) <= SHOWN_LIMIT else f"{got[:SHOWN_LIMIT]}…"
    return f"{where}: {key}: {item['msg'].removeprefix('Value error, ')}, got {shown}"


def known_keys(path: tuple[Any, ...]) -> list[str]:
    """The keys that a contract has at a path."""
    model: Any = ContractModel
    for key in path:
        if isinstance(key, int) or not (isinstance(model, type) and issubclass(model, BaseModel)):
            continue
        field = model.model_fields.get(str(key))
        annotation: Any = field.annotation if field else None
        model = next(iter(getattr(annotation, "__args__", ())), annotation)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def refuse_unknown_rules(file: YamlFile, model: ContractModel) -> None:
    """A severity for a rule that does not exist would silently do nothing."""
    for rule in model.severities:
        if rule not in catalogue():
            near = difflib.get_close_matches(rule, catalogue(), n=1)
            raise UsageError(
                f"{file.path}:{file.line(('severities', rule))}: there is no rule '{rule}'"
                + (f": did you mean '{near[0]}'?" if near else ""),
                hint="comfytape explain lists all rules",
            )
