"""The campaigns of benchmarks/campaigns in their short form: a few cases of each kind, no fault among them.

The long form is `make campaign`; its figures are in docs/reliability.md.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGNS = Path(__file__).resolve().parents[2] / "benchmarks" / "campaigns"
SHORT = {
    "crash": ("--cases", "5"),
    "network": ("--cases", "4"),
    "paid": ("--cases", "7"),
    "contention": ("--cases", "3"),
    "scale": ("--exchanges", "40", "--megabytes", "2"),
}


def figures(name, *options, folder):
    """Run a campaign as a person does; its figures."""
    program = [sys.executable, CAMPAIGNS / f"{name}.py", *options, "--json", folder / "figures.json"]
    done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=folder)
    assert (folder / "figures.json").exists(), done.stderr
    return json.loads((folder / "figures.json").read_text())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SHORT)
def test_a_campaign_finds_no_fault(name, tmp_path):
    """Crashes, a bad network, paid jobs, two at once, a large cassette."""
    said = figures(name, *SHORT[name], folder=tmp_path)
    # How long a tool takes while other tests share the machine says nothing; `make campaign` holds it to its deadline.
    assert [fault for fault in said["faults"] if not fault.endswith("to start")] == []
    assert said["cases"] >= 3


@pytest.mark.timeout(600)
def test_checks_and_replays_need_no_network(tmp_path):
    """In a network namespace without a route, as a pull request from a fork may run."""
    able = shutil.which("unshare") and subprocess.run(
        ["unshare", "--net", "--map-root-user", "true"], capture_output=True, check=False
    )
    if not able or able.returncode:
        pytest.skip("this machine lets nobody make a network namespace")
    assert figures("isolation", folder=tmp_path)["faults"] == []


@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_the_server_bears_load_and_slow_clients(tmp_path):
    """A few seconds of what `make campaign` does for minutes: every picture its own, nobody starved."""
    said = figures("soak", "--seconds", "5", folder=tmp_path)
    assert [fault for fault in said["faults"] if not fault.startswith("nobody is starved")] == []
    assert said["by_kind"]["jobs submitted and compared"] > 10


def test_a_case_is_the_same_in_any_number_of_lanes(program):
    """The seed and the number choose a case; one that raises is a fault, and the lane goes on."""
    campaign, planes = program("campaign"), program("stage").planes

    def ran(lanes):
        chosen = {}

        def judge(_plane, place, chance):
            chosen[place.name] = chance.random()
            if place.name == "2":
                raise ValueError("thrown")
            return "amiss" if place.name == "1" else ""

        tally = campaign.Tally("any", 7)
        campaign.in_lanes(tally, [("kind", judge)] * 5, lanes, planes.Plane)
        assert tally.cases == {"kind": 5}
        return chosen, sorted(tally.faults)

    alone = ran(1)
    assert alone == ran(3)
    assert alone[1] == ["kind: case 1: amiss", "kind: case 2: ValueError: thrown"]


@pytest.mark.parametrize(("written", "seen"), [
    ("open(name, 'w').write('new')", {"old", "", "new"}),
    ("open('beside', 'w').write('new'); os.replace('beside', name)", {"old", "new"}),
])  # fmt: skip
def test_a_file_written_in_place_is_seen_half_done(program, tmp_path, written, seen):
    """So that a write of cassette.json which is not one step is caught by no luck."""
    file = tmp_path / "file"
    file.write_text("old")
    held = program("stage").holding(file.name, 0.3)
    if not held:
        pytest.skip("needs strace, and the right to trace")
    writer = subprocess.Popen([*held, sys.executable, "-c", f"import os; name = 'file'; {written}"], cwd=tmp_path)
    states = set()
    while writer.poll() is None:
        states.add(file.read_text())
    assert states | {file.read_text()} == seen
