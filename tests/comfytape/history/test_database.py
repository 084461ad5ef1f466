"""A history in SQLite and in PostgreSQL: the same promises for both."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest
import sqlalchemy

from comfytape.history.database import History
from comfytape.history.tables import FINDING, RUN
from comfytape_cassettes import UsageError
from comfytape_contracts.findings import Severity, Verdict

HOSTILE = "\x00 '; DROP TABLE comfytape_run; -- \ud800 \x1b[31m ☃ {x} %s :y"


def rows(history, table):
    """How many rows a table has."""
    with history.engine.connect() as connection:
        return connection.scalar(sqlalchemy.select(sqlalchemy.func.count()).select_from(table))


def test_what_is_kept_comes_back(url, run):
    """Findings with hint and place, measurements, verdict, versions: nothing is lost."""
    History.at(url).append([run])
    assert History.at(url).runs() == [run]
    assert run.verdict is Verdict.FAIL
    assert run.findings[0].hint
    assert run.measurements["generation_p95_ms"] == 36413


def test_the_same_result_of_the_same_recording_is_one_row(url, run):
    """A job that CI runs again does not count twice."""
    history = History.at(url)
    assert history.append([run]) == 1
    assert history.append([run, run]) == 0
    assert rows(history, RUN) == 1
    assert rows(history, FINDING) == len(run.findings) + len(run.accepted)


def test_another_result_of_a_recording_takes_its_place(url, run):
    """When the contract has changed, the last word about a recording counts, also when it is an earlier one again."""
    history = History.at(url)
    passing = replace(run, findings=(), verdict=Verdict.PASS)
    history.append([run])
    history.append([passing])
    assert history.runs() == [passing]
    history.append([run])
    assert history.runs() == [run]
    assert rows(history, RUN) == 2


def test_one_contract_can_be_asked_for(url, run):
    """A fleet shares one database."""
    other = replace(run, contract="noise-1024")
    history = History.at(url)
    history.append([run, other])
    assert history.runs("noise-1024") == [other]
    assert history.runs("unheard-of") == []


def test_foreign_text_is_kept_as_text(url, run):
    """NUL and half surrogate pairs, which PostgreSQL and UTF-8 refuse, are replaced; nothing else is."""
    finding = replace(run.findings[0], message=HOSTILE, actual={HOSTILE: [float("nan")]}, severity=Severity.INFO)
    hostile = replace(
        run, cassette=HOSTILE, endpoint=HOSTILE, findings=(finding, finding), measurements={HOSTILE: HOSTILE}
    )
    history = History.at(url)
    history.append([hostile])
    (kept,) = history.runs()
    assert kept.cassette == HOSTILE.replace("\x00", "\ufffd").replace("\ud800", "?")
    assert kept.findings[0].message == kept.cassette
    assert kept.counts == {"error": 0, "warning": 0, "info": 2}


def test_many_writers_at_once_lose_nothing(url, run, tmp_path):
    """Two processes begin on an empty database, each with its own recordings and one that both have."""
    (tmp_path / "run.json").write_text(json.dumps(run.to_json()))
    program = textwrap.dedent("""
        import json, sys
        from dataclasses import replace
        from comfytape.history.run import Run
        from comfytape.history.database import History
        run = Run.from_json(json.load(open(sys.argv[2])))
        for n in range(4):
            History.at(sys.argv[1]).append([replace(run, recording=f"{sys.argv[3]}-{n}"), run])
    """)
    writers = [
        subprocess.Popen([sys.executable, "-c", program, url, tmp_path / "run.json", str(n)], stderr=subprocess.PIPE)
        for n in range(2)
    ]
    assert [writer.communicate(timeout=100)[1] for writer in writers] == [b""] * 2
    assert rows(History.at(url), RUN) == 2 * 4 + 1


def test_nothing_is_kept_of_a_call_that_fails(url, run):
    """Half a run would be a wrong answer to "since when"."""
    history = History.at(url)
    history.append([run])
    too_long = replace(run, recording="x", findings=(replace(run.findings[0], fingerprint=None),))
    with pytest.raises(UsageError, match="cannot be used"):
        history.append([replace(run, recording="y"), too_long])
    assert rows(history, RUN) == 1


def test_a_newer_format_is_left_alone(url, run):
    """Both reading and writing say which format is there, and what to do."""
    history = History.at(url)
    history.append([run])
    with history.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE comfytape_format SET format = 2")
    for use in (history.runs, lambda: history.append([run])):
        with pytest.raises(UsageError, match="has format 2, this comfytape knows 1") as caught:
            use()
        assert "upgrade" in caught.value.hint


def test_a_row_that_is_damaged_is_named(url, run):
    """Somebody's UPDATE must not become a traceback."""
    history = History.at(url)
    history.append([run])
    with history.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE comfytape_run SET document = '{}'")
    with pytest.raises(UsageError, match="a row of comfytape_run is damaged"):
        history.runs()


@pytest.mark.services
def test_an_empty_database_holds_no_history(url):
    """Reading never makes tables, nor a file."""
    with pytest.raises(UsageError, match="no history"):
        History.at(url).runs()


def test_reading_an_sqlite_file_that_is_not_there_makes_none(tmp_path):
    """A slip of the pen must not look like an empty history."""
    with pytest.raises(UsageError, match="there is no history at"):
        History.at(str(tmp_path / "none.sqlite")).runs()
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_kind_is_refused(tmp_path, run):
    """An SQLite file that something else made, and a file that is no database."""
    sqlite3.connect(tmp_path / "other.sqlite").close()
    (tmp_path / "other.sqlite").touch()
    with pytest.raises(UsageError, match="holds no history"):
        History.at(str(tmp_path / "other.sqlite")).runs()
    (tmp_path / "text.sqlite").write_text("nothing of the kind\n" * 100)
    with pytest.raises(UsageError, match="not a database"):
        History.at(str(tmp_path / "text.sqlite")).append([run])


def test_a_place_that_cannot_be_written_is_refused(tmp_path, run):
    """A folder that is a file."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be used"):
        History.at(str(tmp_path / "file/history.sqlite")).append([run])


def test_a_new_folder_is_made_for_an_sqlite_file(tmp_path, run):
    """As it is for a report."""
    assert History.at(f"sqlite:///{tmp_path}/new/history.sqlite").append([run]) == 1
    assert (tmp_path / "new/history.sqlite").is_file()
