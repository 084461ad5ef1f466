"""The examples in the documentation are what the command writes today."""

from __future__ import annotations

import json
import re
import runpy

import pytest

from .conftest import ROOT

EXAMPLES = runpy.run_path(str(ROOT / "docs/examples.py"))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """All of them, written anew."""
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("GITHUB_STEP_SUMMARY", str(folder / "untouched"))
        assert EXAMPLES["main"](str(folder)) == 0
    return folder


def comparable(name, text):
    """Without what may differ: bytes of images are the encoder's own, and rules are documented elsewhere."""
    if name.endswith(".html"):
        return re.sub(r"data:image/webp;base64,[A-Za-z0-9+/=]+", "data:image", text)
    if name.endswith(".sarif"):
        log = json.loads(text)
        for run in log["runs"]:
            del run["tool"]["driver"]["rules"]
            for result in run["results"]:
                del result["ruleIndex"]
        return log
    return text


@pytest.mark.parametrize("name", EXAMPLES["EXAMPLES"])
def test_an_example_is_what_the_command_writes(name, written):
    """If this fails, look at the difference and run: make examples."""
    example = (ROOT / "docs/examples" / name).read_text(encoding="utf-8")
    assert comparable(name, (written / name).read_text(encoding="utf-8")) == comparable(name, example)


def test_there_is_no_example_that_nothing_writes(written):
    """A file left behind would go stale."""
    assert {path.name for path in (ROOT / "docs/examples").iterdir()} == set(EXAMPLES["EXAMPLES"])
