"""Reports as ``--json`` and ``--report json=PATH`` write them, read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, TypeAdapter, ValidationError

from comfytape_cassettes import UsageError
from comfytape_contracts.findings import Finding, Severity, Verdict
from comfytape_contracts.rules import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Document", "read_documents"]

FINDINGS = TypeAdapter(list[Finding])


class ReportModel(BaseModel):
    """The keys of a report that alerts need; others are left alone."""

    tool: Literal["comfytape"]
    format: Literal[1]
    verdict: Verdict
    findings: list[dict[str, Any]]
    measurements: dict[str, Any] = {}
    contract: str = ""
    accepted: list[dict[str, Any]] = []
    causes: list[Any] | None = None
    contracts: list[ReportModel] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One report about one contract.

    Attributes:
        contract: the contract's name, "" where the report names none (drift, doctor).
        command: ``check``, ``drift`` or ``doctor``: what one does not look at, it cannot resolve.
        verdict: its verdict.
        findings: what stands; accepted: what the baseline covers.
    """

    contract: str
    command: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    accepted: tuple[Finding, ...] = ()

    @property
    def is_unknown(self) -> bool:
        """Whether something could not be examined, so that what is not in the report may still be there."""
        rules = catalogue()
        return self.verdict is Verdict.UNKNOWN or any(
            f.severity is Severity.ERROR and f.rule in rules and rules[f.rule].inconclusive for f in self.findings
        )


def read_documents(path: str) -> list[Document]:
    """The reports in a file, one a contract.

    Raises:
        UsageError: it is not there, or no report.
    """
    try:
        model = ReportModel.model_validate_json(Path(path).read_bytes())
        return list(documents_of(model))
    except FileNotFoundError:
        raise UsageError(
            f"there is no report {path}", hint=f"write it: comfytape check --report json={path} (or --json > {path})"
        ) from None
    except OSError as error:
        raise UsageError(f"the report {path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(key) for key in first["loc"])
        raise UsageError(
            f"{path} is no report of comfytape: {where or 'the file'}: {first['msg']}",
            hint=f"write one: comfytape check --report json={path}",
        ) from None


def documents_of(model: ReportModel) -> Iterator[Document]:
    """The report itself, or those that were merged into it."""
    for each in model.contracts or [model]:
        yield Document(
            contract=each.contract,
            command=command_of(each),
            verdict=each.verdict,
            findings=tuple(FINDINGS.validate_python(each.findings)),
            accepted=tuple(FINDINGS.validate_python(each.accepted)),
        )


def command_of(model: ReportModel) -> str:
    """Which command wrote it, by the keys that only this one writes."""
    if model.causes is not None:
        return "doctor"
    return "drift" if "classes_before" in model.measurements else "check"
