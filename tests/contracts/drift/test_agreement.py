"""Harvested truth: workflows that one real server took, and what another said to them."""

import json
import lzma
from collections import defaultdict
from pathlib import Path

import pytest

from comfytape_contracts.drift import NamedWorkflow, compare_inventories
from comfytape_contracts.drift.agreement import Said, disagreement
from comfytape_contracts.rules import catalogue

DATA = Path(__file__).parents[2] / "data" / "drift"
SAMPLED = 24
"""Cases of each pair that the tests hold; benchmarks/drift_agreement.py holds all."""


def cases():
    by_pair = defaultdict(list)
    for line in lzma.decompress((DATA / "cases.jsonl.xz").read_bytes()).splitlines():
        case = json.loads(line)
        by_pair[case["pair"]].append(case)
    return [pytest.param(pair, found, id=pair.replace(" ", "")) for pair, found in by_pair.items()]


@pytest.mark.parametrize(("pair", "found"), cases())
def test_we_say_what_the_newer_server_said(pair, found, real):
    """Every refusal is an error of the server's own type, and nothing that it takes is an error."""
    sample = found[:: max(1, len(found) // SAMPLED)]
    before, after = (real[name] for name in pair.split(" → "))
    named = [NamedWorkflow(case["prompt"], str(number)) for number, case in enumerate(sample)]
    by_name = defaultdict(list)
    for finding in compare_inventories(before, after, named).findings:
        by_name[finding.location.file].append(finding)
    said = [Said.of_answer(case["status"], case.get("error"), case.get("node_errors", {})) for case in sample]

    assert [disagreement(by_name[str(number)], each) for number, each in enumerate(said)] == [None] * len(sample)


REFUSAL = catalogue()["class-removed"].finding("gone", server_error="invalid_prompt")
LATE = catalogue()["required-input-removed"].finding("fails late")


@pytest.mark.parametrize(
    ("findings", "status", "types", "words"),
    [
        ([], 400, ["invalid_prompt"], "the server refuses it with invalid_prompt, we do not"),
        ([LATE], 400, ["invalid_prompt"], "the server refuses it with invalid_prompt, we do not (only that it fails late)"),
        ([REFUSAL], 200, [], "the server takes it, we say invalid_prompt"),
        ([REFUSAL], 400, ["value_not_in_list"], "the server says value_not_in_list, we say invalid_prompt"),
        ([REFUSAL], 400, ["invalid_prompt"], None),
        ([LATE], 200, [], None),
    ],
)  # fmt: skip
def test_a_disagreement_is_said_in_words(findings, status, types, words):
    """The measure itself notices a miss, a false alarm and another type."""
    assert disagreement(findings, Said(status, frozenset(types))) == words


def test_types_of_nodes_say_more_than_the_envelope():
    """The envelope is prompt_outputs_failed_validation whatever the nodes have."""
    answer = Said.of_answer(400, "prompt_outputs_failed_validation", {"1": ["value_not_in_list"]})

    assert answer.types == {"value_not_in_list"}
    assert Said.of_answer(400, "invalid_prompt", {}).types == {"invalid_prompt"}
