"""``comfytape report``, as people meet it."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

from comfytape.history import Run
from comfytape.history.database import History
from comfytape.reporting.site.memory import Memory
from comfytape.reporting.site.recorded import Shelf
from comfytape.settings import load_settings

from .conftest import ALL


@pytest.fixture
def kept(report, site, tmp_path):
    """A history that has all recordings, as the site remembers them. (``report`` goes to their folder.)"""
    listed = Shelf(load_settings(), Memory.of(site)).recordings(ALL, [])
    address = str(tmp_path / "history.sqlite")
    History.at(address).append(each.run for each in listed)
    return address


def test_since_when_a_rule_fails(report):
    """The finding, whether it stands, and in which stretch of time it was seen."""
    done = report(*ALL, "--since", "required-node-missing")
    assert done.exit_code == 0
    first, second = done.output.splitlines()[:2]
    assert first == (
        "error required-node-missing: gone with 2026-06-04 06:30 (2026-06-04), last seen 2026-06-03 06:30 (2026-06-03)"
    )
    assert second.strip() == "in 2 of 4 recordings of z-image-danrisi at loopback/comfy: 2026-06-02 to 2026-06-03"


def test_since_when_a_fingerprint_stands(report):
    """Its beginning is enough."""
    done = report(ALL[0], ALL[3], "--since", "f60ecc06")
    assert "error budget-generation: stands since 2026-06-04 06:30" in done.output
    assert "f60ecc06f591400c generating an image took 36.4 s" in done.output


def test_since_when_an_endpoint_changed(report):
    """Drift is not a finding of a check: it lies between two recordings."""
    done = report(*ALL[:3], "--since", "pack-removed")
    assert done.output.startswith("error pack-removed: RES4LYF: 300 classes gone")
    assert "first in 2026-06-02 06:30 (2026-06-02), not yet in 2026-06-01 06:30 (2026-06-01)" in done.output
    assert "2026-06-03" not in done.output


def test_since_when_from_a_history_alone(report, kept):
    """No recording is at hand."""
    done = report("--history", kept, "--since", "required-node-missing")
    assert "in 2 of 4 recordings" in done.output


def test_what_was_never_seen_is_exit_code_4(report):
    """And the rules that were seen are named."""
    done = report(*ALL[:2], "--since", "job-faild")
    assert done.exit_code == 4
    assert "none of 2 recordings has a finding or a change 'job-faild'" in done.output
    assert "required-node-missing" in done.output


def test_without_options_it_lists_the_recordings(report, monkeypatch, kept):
    """A line each, the latest last; the environment names the history."""
    monkeypatch.setenv("COMFYTAPE_HISTORY", kept)
    lines = report().output.splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("PASS 2026-06-01 06:30 (2026-06-01) z-image-danrisi: ")
    assert "; cold start 21.6 s, p95 25.5 s" in lines[0]


def test_a_site_from_a_history_alone(report, kept, tmp_path):
    """Results without recordings: pages say so, and nothing is said about nodes."""
    done = report("--history", kept, "--html", str(tmp_path / "site"))
    assert "5 recordings" in done.output
    page = next((tmp_path / "site/recordings").glob("20260602*")).read_text()
    assert "Only the result of this check was kept" in page
    assert "A node class that the contract requires is not loaded" in page
    compared = next((tmp_path / "site/compare").glob("20260601*")).read_text()
    assert "holds no inventory" in compared


def test_a_cassette_speaks_before_what_was_kept_of_it(report, kept):
    """A recording at hand is judged by today's contract, and counts once."""
    done = report("recordings/2026-06-02", "--history", kept)
    assert len(done.output.splitlines()) == 5


def test_what_did_not_change_is_not_made_again(report, recordings, site, tmp_path):
    """The second build writes the overview alone; a new recording adds its own pages; one that is gone takes them along."""
    folder = tmp_path / "copy"
    shutil.copytree(site, folder)
    again = report(*ALL, "--html", str(folder))
    assert "3 pages written, 9 unchanged" in again.output
    fewer = report(*ALL[:4], "--html", str(folder))
    assert "4 recordings" in fewer.output
    assert sorted(path.name[:8] for path in (folder / "recordings").iterdir()) == [
        "20260601", "20260602", "20260603", "20260604"
    ]  # fmt: skip


def test_a_damaged_memory_is_no_obstacle(report, site, tmp_path):
    """Everything is made anew, and nothing outside of the folder is removed."""
    folder = tmp_path / "site"
    folder.mkdir()
    outside = tmp_path / "outside.html"
    outside.write_text("mine")
    for text in ("[]", json.dumps({"format": 1, "pages": {"../outside.html": "x"}})):
        (folder / "site.json").write_text(text)
        assert report(ALL[0], "--html", str(folder)).exit_code == 0
    assert outside.read_text() == "mine"


def test_any_two_recordings_can_be_compared(report, site, tmp_path):
    """By name, by path, by date."""
    folder = tmp_path / "copy"
    shutil.copytree(site, folder)
    done = report(*ALL, "--html", str(folder), "--compare", "2026-06-01", "recordings/2026-06-05")
    assert done.exit_code == 0
    (page,) = (folder / "compare").glob("20260601*--20260605*")
    assert page.name in (folder / "contracts/z-image-danrisi.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "there is nothing to report on"),
        ([*ALL, "--compare", "a", "b"], "--compare makes a page of the site"),
        ([ALL[0], "--html", "SITE", "--compare", "2026-06-01", "2026-06-1"], "none of these recordings is '2026-06-1'"),
        ([ALL[0], "--contract", "z-image-danris"], "did you mean 'z-image-danrisi'?"),
        (["recordings/2026-06-09"], "there is no cassette 'recordings/2026-06-09'"),
        (["--history", "nowhere.sqlite"], "there is no history at nowhere.sqlite"),
    ],
)
def test_a_slip_is_exit_code_2_and_says_what(report, arguments, words, tmp_path):
    """What, and what to do."""
    done = report(*[str(tmp_path) if word == "SITE" else word for word in arguments])
    assert done.exit_code == 2
    assert words in done.output
    assert "hint:" in done.output


def test_a_recording_that_names_no_contract_needs_one(report, imported):
    """An import does not know."""
    path = imported("danrisi-jobs.har").label
    done = report(path)
    assert done.exit_code == 2
    assert "does not say which contract it belongs to" in done.output
    assert "z-image-danrisi" in done.output
    assert report(path, "--contract", "z-image-danrisi").exit_code == 0


def test_an_empty_history_is_exit_code_4(report, kept):
    """Nothing to report is not a success."""
    done = report("--history", kept, "--contract", "noise-1024")
    assert (done.exit_code, done.output) == (4, "there is no recording\n")


def test_without_the_extra_it_says_what_to_install(report, monkeypatch, tmp_path):
    """Jinja2 and pygal come with the extra ``report``."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = report(ALL[0], "--html", str(tmp_path))
    assert done.exit_code == 2
    assert "pip install 'comfytape[report]'" in done.output


def test_foreign_text_stays_text_in_every_page(report, kept, tmp_path):
    """Names and messages come from endpoints and files."""
    evil = "<script>alert(1)</script>{{ 77777*3 }}"
    history = History.at(kept)
    (run, *_) = history.runs()
    data = run.to_json() | {"recording": evil, "recorded_at": evil, "endpoint": evil, "cassette": evil, "notes": [evil]}
    data["measurements"] = {evil: evil, "cold_start_ms": evil}
    history.append([Run.from_json(data)])
    assert report("--history", kept, "--html", str(tmp_path / "site")).exit_code == 0
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text()
        assert "<script>alert" not in text
        assert "233331" not in text
