"""What the campaign of hostile files found, each case by itself: words and exit code 2, never a traceback."""

from __future__ import annotations

import json
import sqlite3

import pytest

from comfytape.history.database import History
from comfytape.settings import load_settings
from comfytape_cassettes import Body, CassetteError, Exchange, Request, Response, UsageError
from comfytape_cassettes.errors import ComfytapeError
from comfytape_cassettes.formats.har import read_har
from comfytape_cassettes.formats.recognise import read_foreign
from comfytape_cassettes.recording import Recording
from comfytape_contracts.contract import Contract
from comfytape_contracts.drift.packs import packs_of
from comfytape_contracts.yaml_file import read_yaml
from comfytape_replayer.scenarios.custom import load_scenario

ENTRY = {
    "startedDateTime": "2026-11-22T10:00:00.000Z",
    "time": 1,
    "request": {"method": "GET", "url": "http://127.0.0.1:8188/queue", "headers": []},
    "response": {"status": 200, "headers": [], "content": {"text": "{}"}},
}


@pytest.fixture
def cut(tmp_path):
    """A recording that was cut off, and a function that changes the lines of its journal."""
    recording = Recording.start(tmp_path / "cut", plane="loopback")
    recording.add(Exchange(Request("GET", "http://127.0.0.1:8188/queue"), Response(200, "OK", body=Body.of(b"{}"))))
    recording.close()
    journal = tmp_path / "cut" / "journal.jsonl"

    def changed(change):
        first, line = journal.read_text().splitlines()
        document = json.loads(line)
        change(document["interaction"])
        journal.write_text(f"{first}\n{json.dumps(document)}\n")
        return tmp_path / "cut"

    return changed


@pytest.mark.parametrize("change", [
    lambda item: item.pop("times"),
    lambda item: item["request"].update(method=["GET"]),
    lambda item: item["request"].update(uri={"a": 1}),
])  # fmt: skip
def test_a_journal_with_a_damaged_exchange_is_refused_in_words(cut, change):
    """No times, a method or an address that is no text."""
    recording = Recording.resume(cut(change))
    with pytest.raises(CassetteError, match="not an exchange"):
        recording.finish()
    recording.close()


def test_a_journal_that_is_a_link_is_not_written_through(tmp_path):
    """The file that it leads to stays as it was."""
    (tmp_path / "notes.txt").write_text("mine\nhalf a line")
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "journal.jsonl").symlink_to("../notes.txt")
    for begin in (lambda: Recording.resume(tmp_path / "cut"), lambda: Recording.start(tmp_path / "cut", plane="x")):
        with pytest.raises(CassetteError, match="cannot write"):
            begin()
    assert (tmp_path / "notes.txt").read_text() == "mine\nhalf a line"


@pytest.mark.parametrize("more", [{"_webSocketMessages": True}, {"_webSocketMessages": 7}])
def test_a_har_whose_lists_are_none_is_read(tmp_path, more):
    """Pages and WebSocket messages are counted where they are lists, and passed over where they are not."""
    log = {"version": "1.2", "creator": {}, "pages": 5, "entries": [ENTRY | more]}
    (tmp_path / "a.har").write_text(json.dumps({"log": log}))
    assert not [line for line in read_har(tmp_path / "a.har").unkept if "pages" in line or "WebSocket" in line]


def test_a_class_that_is_no_object_belongs_to_no_pack():
    """An /object_info with text in place of a class."""
    assert packs_of({"A": "x", "B": {"python_module": "custom_nodes.pack"}}) == {"pack": 1}


def test_settings_nested_too_deeply_are_told_in_words(tmp_path, monkeypatch):
    """Python's TOML reader recurses."""
    (tmp_path / "pyproject.toml").write_text("x = " + "[" * 5000)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="nested too deeply"):
        load_settings()


def test_a_history_whose_row_names_no_contract_is_refused_in_words(tmp_path):
    """A row whose contract is an object."""
    history = History.at(str(tmp_path / "history.sqlite"))
    history.append([])
    row = {"contract": {}, "cassette": "a", "recording": "r", "recorded_at": "", "endpoint": "", "plane": "", "tool": "",
           "verdict": "pass", "findings": [], "accepted": [], "measurements": {}, "notes": []}  # fmt: skip
    with sqlite3.connect(tmp_path / "history.sqlite") as connection:
        names = [found[1] for found in connection.execute("pragma table_info(comfytape_run)")]
        values = {name: 0 if name.endswith("s") else "x" for name in names} | {"document": json.dumps(row)}
        marks = ", ".join("?" for _ in names)
        connection.execute(f"insert into comfytape_run values ({marks})", [values[name] for name in names])
    connection.close()
    with pytest.raises(UsageError, match="damaged"):
        history.runs()


def test_a_link_out_of_the_project_is_not_followed(tmp_path, monkeypatch):
    """A contract of a pull request whose workflow is a link to a file of the machine; a link inside the project is."""
    folder = tmp_path / "project" / "contracts" / "small"
    folder.mkdir(parents=True)
    (tmp_path / "private.json").write_text("{}")
    (tmp_path / "project" / "shared.json").write_text("{}")
    (folder / "contract.yaml").write_text("name: small\nworkflow: workflow.json\n")
    monkeypatch.chdir(tmp_path / "project")
    contract = Contract.load(folder)
    (folder / "workflow.json").symlink_to("../../shared.json")
    assert contract.workflow_path.read_text() == "{}"
    (folder / "workflow.json").unlink()
    (folder / "workflow.json").symlink_to(tmp_path / "private.json")
    with pytest.raises(UsageError, match="leads out of the project"):
        _ = contract.workflow_path


@pytest.mark.parametrize("read", [read_yaml, read_foreign, load_scenario])
@pytest.mark.parametrize("value", ["!!timestamp x", "!!bool x", "!!int ''", "!!float ''", "2001-99-99"])
def test_a_value_that_is_not_what_its_tag_says_is_told_in_words(tmp_path, read, value):
    """PyYAML ends in an AttributeError, a KeyError, an IndexError."""
    (tmp_path / "a.yaml").write_text(f"name: {value}\ninteractions: []\nrules: []\n")
    with pytest.raises(ComfytapeError, match=r"a\.yaml"):
        read(tmp_path / "a.yaml")


@pytest.mark.parametrize("text", ["a: &a [x]\nrules: [*a, *a]\n", "rules: " + "[" * 3000, "rules: [\x00]"])
def test_a_scenario_made_to_hurt_is_refused_in_words(tmp_path, text):
    """Aliases, which nine lines can make gigabytes of; nesting; a NUL."""
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"a\.yaml"):
        load_scenario(tmp_path / "a.yaml")


def test_answers_without_a_body_in_a_journal_are_told_apart(cut):
    """Two polls, neither with a body: the recording is finished."""
    folder = cut(lambda item: item["response"].pop("body"))
    journal = folder / "journal.jsonl"
    journal.write_text(journal.read_text() + journal.read_text().splitlines()[1] + "\n")
    recording = Recording.resume(folder)
    assert len(recording.finish().exchanges[0].times) == 2
    recording.close()
