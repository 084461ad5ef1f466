"""Workflows that were sent to real ComfyUI servers of eight releases, and what each server answered."""

import json
import lzma
from pathlib import Path

import pytest

from comfytape_contracts.lint import lint_workflow
from comfytape_contracts.lint.agreement import Answer, by_order_alone, disagreements

HARVESTS = sorted((Path(__file__).parents[2] / "data" / "lint").glob("*.jsonl.xz"))


def cases_of(path):
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        header = json.loads(next(lines))
        yield from ((header["inventory"], json.loads(line)) for line in lines)


def differences_of(inventory, case):
    envelope = {"prompt": case["prompt"], "partial_execution_targets": case.get("targets")}
    findings = lint_workflow(envelope, inventory)
    answer = Answer.of(case["status"], case.get("error"), case["node_errors"])
    differences = disagreements(findings, answer)
    excused = differences and by_order_alone(case["prompt"], findings, answer, differences)
    return [] if excused else differences


@pytest.mark.parametrize("path", HARVESTS, ids=lambda path: path.name.removesuffix(".jsonl.xz"))
def test_we_say_what_the_server_said(path):
    """Verdict, error types, nodes and input names are the server's own, for every harvested case."""
    differing = {case["id"]: found for inventory, case in cases_of(path) if (found := differences_of(inventory, case))}

    assert differing == {}


def test_the_harvest_is_there():
    """Eight releases, with and without a pack: an empty folder must not pass for agreement."""
    assert len(HARVESTS) == 10
    assert sum(1 for path in HARVESTS for _ in cases_of(path)) > 3_000
