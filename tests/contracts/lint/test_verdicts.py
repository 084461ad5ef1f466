"""The 52 prompts that were sent to a real ComfyUI 0.3.64 with RES4LYF, and what it answered."""

import json
import lzma
from pathlib import Path

import pytest

from comfytape_contracts.lint import lint_request
from comfytape_contracts.lint.agreement import Answer, disagreements

RECORDED = json.loads(
    lzma.decompress((Path(__file__).parents[2] / "data" / "lint" / "verdicts-0.3.64.json.xz").read_bytes())
)


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: case["case"])
def test_we_say_what_the_server_said(case):
    """Verdict, error types, nodes and inputs are the server's own."""
    findings = lint_request(case["request"], RECORDED["inventory"])

    assert disagreements(findings, Answer.of_body(case["status"], case["response"])) == []
