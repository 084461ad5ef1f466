"""A short run of the campaign of hostile files, and that it would see what it looks for."""

from __future__ import annotations

import os
import random
import subprocess
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest
import yaml

KINDS = ("contract", "accepted", "workflow", "har", "webhook", "image", "settings", "scenario")
READERS = ("versions", "schema", "cassette", "journal", "vcr-yaml", "ui-subgraph", "inventory", "listing", "report")


def test_a_short_run_finds_nothing(program):
    """Some damaged files of the kinds that are read quickest."""
    tally = program("hostile").run(10, 7, lanes=1, only=KINDS, seconds=30)
    assert not tally.faults
    assert set(tally.cases) == set(KINDS)


def test_a_short_run_of_the_readers_finds_nothing(program):
    """Some damaged files of the formats that are read most, each by its reader alone."""
    tally = program("hostile").run(8, 7, lanes=1, only=READERS, seconds=30, layer="readers")
    assert not tally.faults
    assert tally.cases == dict.fromkeys(READERS, 8)


def test_every_reader_reads_its_file_as_long_as_it_is_whole(program, tmp_path, monkeypatch):
    """So that what is refused is refused for its damage: none raises, not even an error of ours."""
    program("hostile_seeds").staged_small(tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    for kind in program("hostile").READERS:
        assert (tmp_path / "project" / kind.pick(tmp_path / "project", random.Random(1))).is_file()
        kind.run(tmp_path / "project", random.Random(1))
        kind.repair(tmp_path / "project")


def unsafe(place, _chance):
    yaml.unsafe_load((place / "scenario.yaml").read_text())


def reads_outside(place, _chance):
    (place / ".." / "canary").read_text()


def writes_outside(place, _chance):
    (place.parent / "stray").write_text("x")


def starts_a_process(_place, _chance):
    subprocess.run([b"/bin/true"], check=True)


def never_ends(_place, _chance):
    while True:
        pass


def eats_memory(_place, _chance):
    bytearray(2 << 30)


def fails(_place, _chance):
    raise KeyError("an exception of no family of ours")


PLANTED = {
    unsafe: "code",
    reads_outside: "canary was read",
    writes_outside: "written",
    starts_a_process: "subprocess.Popen",
    never_ends: "of CPU",
    eats_memory: "MemoryError",
    fails: "KeyError",
}


@pytest.mark.parametrize("defect", PLANTED, ids=lambda defect: defect.__name__)
def test_a_planted_defect_is_seen(program, tmp_path, defect):
    """Readers that run YAML's code, leave the folder, start a process, hang, eat memory or raise: each is told."""
    hostile = program("hostile")
    read = replace(hostile.KINDS[-1], run=defect, damage=damage, links=0)
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "scenario.yaml").write_text("name: x\n")
    (tmp_path / "canary").write_text("x")
    sink = get_context("fork").Queue()
    process = get_context("fork").Process(target=alone, args=(hostile, read, tmp_path / "project", sink))
    process.start()
    said = sink.get(timeout=30)
    process.join()
    assert PLANTED[defect] in said


def damage(_place, file, _kept, _chance):
    file.write_text(
        "x: !!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path [canary-was-run]]\n"
    )


def alone(hostile, kind, place, sink):
    """One case in a process of its own, for the watching cannot be undone."""
    os.chdir(place)
    hostile.CPU_S = 0.3
    hostile.prepared()
    sink.put(hostile.one_case(kind, place, 1, hostile.Guard()))


def test_a_case_is_the_same_each_time(program, tmp_path):
    """A number stands for one damage, so that a fault can be seen again."""
    hostile = program("hostile")
    kind = next(kind for kind in hostile.KINDS if kind.name == "workflow")
    file = tmp_path / "workflow.json"
    kept = (Path(__file__).parents[2] / "contracts" / "noise-cases" / "workflow.json").read_bytes()
    made = []
    for _ in range(2):
        kind.damage(tmp_path, file, kept, random.Random("workflow 5"))
        made.append(file.read_bytes())
    assert made[0] == made[1] != kept
