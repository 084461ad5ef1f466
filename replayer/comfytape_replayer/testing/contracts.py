"""Contracts as tests: each promise of a contract is a test item, and its findings are the failure text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comfytape_cassettes import Cassette, ComfytapeError
from comfytape_contracts.checks import check
from comfytape_contracts.contract import Contract
from comfytape_contracts.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfytape_contracts.verdicts import Line, Report

__all__ = ["ContractFile"]


class PromiseBrokenError(Exception):
    """A promise does not hold, or could not be examined."""


class ContractFile(pytest.File):
    """A ``contract.yaml``; its cassette has its name."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each promise."""
        config = self.config
        folder = config.getoption("comfytape_cassettes") or config.getini("comfytape_cassettes")
        try:
            contract = Contract.load(self.path)
            report = check(contract, Cassette.open(Path(config.rootpath, str(folder), contract.name)))
        except ComfytapeError as error:
            hint = f"\nhint: {error.hint}" if error.hint else ""
            raise self.CollectError(f"{error}{hint}") from error
        if not report.lines:
            raise self.CollectError(f"{contract.name}: nothing could be examined, which is never green")
        for line in report.lines:
            yield Promise.from_parent(self, name=f"{contract.name}: {line.promise}", line=line, report=report)


class Promise(pytest.Item):
    """One promise of a contract, held against the recording."""

    def __init__(self, *, line: Line, report: Report, **more: object) -> None:
        super().__init__(**more)  # type: ignore[arg-type]
        self.line = line
        self.report = report

    def runtest(self) -> None:
        """Fail unless the promise holds."""
        if self.line.verdict is not Verdict.PASS:
            raise PromiseBrokenError(self.text())

    def text(self) -> str:
        """The promise with its evidence, and the findings that speak against it."""
        words = [f"{self.line.verdict.upper()}: {self.line.promise}", f"  {self.line.evidence}"]
        for finding in self.report.findings:
            if finding.fingerprint in self.line.findings:
                words.append(f"  {finding.severity} {finding.rule}: {finding.message}")
                words += [f"    → {finding.hint}"] if finding.hint else []
        return "\n".join([*words, f"  recording: {self.report.cassette}"])

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:  # noqa: ARG002
        """The words, not a traceback."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the promise stands."""
        return self.path, None, self.name
