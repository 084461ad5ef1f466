"""Options and ini keys, each in a real run."""

from __future__ import annotations

import json

import pytest

TEST = """
import json, os
from urllib.request import urlopen
import pytest

@pytest.mark.comfytape({names})
def test_it(comfytape_replay):
    {action}
"""


def test_cassettes_are_found_in_the_folder_that_is_named(run, project):
    """--comfytape-cassettes and the ini key comfytape_cassettes."""
    (project.path / "cassettes").rename(project.path / "tapes")
    test = TEST.format(names="'noise-1024'", action="pass")
    run(test).assert_outcomes(errors=1)
    run(test, "--comfytape-cassettes=tapes").assert_outcomes(passed=1)
    project.makeini("[pytest]\ncomfytape_cassettes = tapes\n")
    run(test).assert_outcomes(passed=1)


def test_a_default_cassette(run, project):
    """The ini key comfytape_default is for tests that name none, without a marker too."""
    project.makeini("[pytest]\ncomfytape_default = noise-1024\n")
    run("def test_it(comfytape_replay): assert comfytape_replay.url").assert_outcomes(passed=1)


def test_a_scenario_for_all(run):
    """--comfytape-scenario is for tests that name none; a marker's own wins."""
    action = "assert urlopen(comfytape_replay.url + '/v2/x/health')"
    run(TEST.format(names="'noise-1024'", action=action), "--comfytape-scenario=unauthorized").assert_outcomes(failed=1)
    named = TEST.format(names="'noise-1024', scenario='slow'", action=action)
    run(named, "--comfytape-scenario=unauthorized").assert_outcomes(passed=1)


@pytest.mark.parametrize("how", ["option", "ini"])
def test_the_speed(run, project, how):
    """--comfytape-speed and the ini key comfytape_speed."""
    if how == "ini":
        project.makeini("[pytest]\ncomfytape_speed = 60\n")
    action = "assert comfytape_replay.server.app.clock.factor == 60"
    options = ["--comfytape-speed=60"] if how == "option" else []
    run(TEST.format(names="'noise-1024'", action=action), *options).assert_outcomes(passed=1)


def test_unmatched(run, project):
    """--comfytape-unmatched=nearest plays the nearest job, and a miss is then none."""
    index = json.loads((project.path / "cassettes/noise-1024/cassette.json").read_text())
    body = next(i["request"]["body"] for i in index["interactions"] if i["request"]["uri"].endswith("/run"))
    workflow = json.loads(body)
    workflow["input"]["workflow"]["1"]["inputs"]["color"] = 7
    action = f"assert urlopen(comfytape_replay.url + '/v2/x/run', {json.dumps(workflow).encode()!r})"
    test = TEST.format(names="'noise-1024'", action=action)
    run(test).assert_outcomes(failed=1)
    run(test, "--comfytape-unmatched=nearest").assert_outcomes(passed=1)


def test_the_marker_is_registered(run):
    """pytest --markers explains it, and --strict-markers takes it."""
    result = run(TEST.format(names="'noise-1024'", action="pass"), "--strict-markers")
    result.assert_outcomes(passed=1)
    run("", "--markers").stdout.fnmatch_lines(["*comfytape(*cassettes, scenario*"])
