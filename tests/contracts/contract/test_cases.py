"""The cases section: what is taken, and how a slip is told."""

from __future__ import annotations

import pytest

from comfytape_contracts.contract.cases import Case
from comfytape_contracts.expectation import OUTCOMES, outcome_named, outcome_words
from comfytape_contracts.rules import catalogue

HEAD = "name: x\nworkflow: w.json\ncases:\n  - name: a\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("    expects: nod-missing", "no job ends as 'nod-missing': did you mean 'node-missing'?"),
        ("    expects: zzz", "no job ends as 'zzz': expected one of success, input"),
        ("    expects: []", "cases.0.expects: Value should have at least 1 item"),
        ("    edge: [empty]", "cases.0.edge.0: Input should be 'empty-prompt'"),
        ("    sizes: [8]", "expected a size such as 1024x768, got 8"),
        ("    sizes: [0x8]", "expected a size such as 1024x768"),
        ("    promts: [a]", "unknown key 'cases.0.promts': did you mean 'prompts'?"),
        ("    outputs: {imags: 1}", "unknown key 'cases.0.outputs.imags': did you mean 'images'?"),
        ("    prompts: [a]\n    edge: unicode", "'prompts' and an edge of the prompt cannot be in one case"),
        ("    sizes: [8x8]\n    edge: minimal-size", "'sizes' and an edge of the size cannot be in one case"),
        ("  - name: a", "two cases are called 'a'"),
        ("    seeds: [1,2,3,4,5,6,7,8,9,10,11]\n    sweep: {'1': {x: [1,2,3,4,5,6,7,8,9,10]}}",
         "11 seeds x 10 1.x are 110 jobs, a case may have at most 100"),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_its_place(refusal, line, words):
    """File, line, key, what was expected; the nearest name where there is one."""
    said = refusal(f"{HEAD}{line}\n")
    assert words in said
    assert said.startswith("contract.yaml:")


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_outcome_is_a_rule_that_explain_knows(name):
    """``expects`` takes short names and ids, and reports speak in short names."""
    rule = outcome_named(name)
    assert rule == "success" or rule in catalogue()
    assert outcome_named(rule) == rule
    assert outcome_named(outcome_words(rule)) == rule


def test_one_value_stands_for_a_list():
    """As people write it."""
    case = Case.model_validate({"name": "a", "prompts": "x", "sizes": "8x9", "images": ["in/a.png"], "edge": "minimal-size"}
                               | {"sizes": [], "expects": "out-of-memory"})  # fmt: skip
    assert (case.prompts, case.expects, case.images[0].upload_name) == (["x"], ["failure-out-of-memory"], "a.png")
    assert (case.runs, case.changes_size) == (1, True)
