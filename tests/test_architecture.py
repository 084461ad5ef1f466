"""The house as DESIGN draws it: who may import whom, and which outside library enters through which door."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {
    "comfytape_cassettes": ROOT / "cassettes" / "comfytape_cassettes",
    "comfytape_contracts": ROOT / "contracts" / "comfytape_contracts",
    "comfytape_recorder": ROOT / "recorder" / "comfytape_recorder",
    "comfytape_replayer": ROOT / "replayer" / "comfytape_replayer",
    "comfytape": ROOT / "comfytape",
}
ARROWS = {
    "comfytape_cassettes": set(),
    "comfytape_contracts": {"comfytape_cassettes"},
    "comfytape_recorder": {"comfytape_cassettes", "comfytape_contracts"},
    "comfytape_replayer": {"comfytape_cassettes", "comfytape_contracts"},
    "comfytape": {"comfytape_cassettes", "comfytape_contracts", "comfytape_recorder", "comfytape_replayer"},
}
DOORS = {
    "requests": "comfytape_recorder",
    "urllib3": "comfytape_recorder",
    "PIL": "comfytape_contracts",
    "deepdiff": "comfytape_contracts",
    "vcr": "comfytape_cassettes",
    "uvicorn": "comfytape_replayer",
    "click": "comfytape",
    "rich": "comfytape",
    "jinja2": "comfytape",
    "pygal": "comfytape",
    "sqlalchemy": "comfytape",
}
ONE_MODULE = {"vcr": 1, "PIL": 1, "deepdiff": 1, "pygal": 1}


def imports_of(path: Path) -> set[str]:
    """Top-level names of everything a file imports, wherever in the file the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide arrows"
            names.add((node.module or "").partition(".")[0])
    return names


def files_of(room: str) -> list[Path]:
    return sorted(ROOMS[room].rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_along_the_arrows(room):
    """No room imports the face, and recorder and replayer do not know each other."""
    for path in files_of(room):
        crossed = (imports_of(path) & ROOMS.keys()) - ARROWS[room] - {room}
        assert not crossed, f"{path.relative_to(ROOT)} imports {sorted(crossed)}"


@pytest.mark.parametrize("library", DOORS)
def test_an_outside_library_enters_through_one_room(library):
    """A library that is replaced one day is replaced in one place."""
    used = {room for room in ROOMS for path in files_of(room) if library in imports_of(path)}
    assert used <= {DOORS[library]}


@pytest.mark.parametrize("library", ONE_MODULE)
def test_some_libraries_enter_through_one_module(library):
    """vcr, Pillow and deepdiff are each imported by exactly one file."""
    used = [path for room in ROOMS for path in files_of(room) if library in imports_of(path)]
    assert len(used) == ONE_MODULE[library], [str(path.relative_to(ROOT)) for path in used]


def test_there_is_no_drawer_for_everything():
    """A noun a file: no utils, helpers or common."""
    names = {path.stem for room in ROOMS for path in files_of(room)}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc"}
