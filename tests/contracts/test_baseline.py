"""accepted.yaml: findings that people accepted, with a reason, for a while."""

from datetime import date

import pytest

from comfytape_cassettes.errors import UsageError
from comfytape_contracts.baseline import Baseline, where_of
from comfytape_contracts.findings import Location
from comfytape_contracts.rules import catalogue

TODAY = date(2026, 11, 22)
SLOW = catalogue()["execution-slower"].finding("12 s, was 8 s", hint="look")
GONE = catalogue()["class-removed"].finding("gone", location=Location(node_id="4", class_type="KSampler", input="seed"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "accepted.yaml"


def accepting(*findings, baseline=None, **more):
    return (baseline or Baseline()).accepting(findings, **{"reason": "known", "today": TODAY, **more})


def test_accepted_findings_do_not_stand():
    """Only what was accepted is covered."""
    split = accepting(SLOW).split([SLOW, GONE], TODAY)

    assert (split.standing, split.accepted, split.stale) == ([GONE], [SLOW], [])


def test_words_may_change_what_is_accepted_stays_accepted():
    """The fingerprint holds structured fields, not the message."""
    reworded = catalogue()["execution-slower"].finding("other words")

    assert accepting(SLOW).split([reworded], TODAY).standing == []


def test_an_expired_entry_fails_again():
    """Up to its last day it covers; from the next on the finding stands and says who accepted it."""
    baseline = accepting(SLOW, expires=TODAY, owner="ana")

    assert baseline.split([SLOW], TODAY).standing == []
    (finding,) = baseline.split([SLOW], date(2026, 11, 23)).standing
    assert finding.hint.startswith("It was accepted by ana until 2026-11-22 (known)")
    assert finding.hint.endswith("look")


def test_what_no_finding_has_any_more_is_stale_and_can_be_pruned():
    """Stale entries are told, and go when asked for."""
    baseline = accepting(SLOW, GONE)
    stale = baseline.split([GONE], TODAY).stale

    assert [entry.rule for entry in stale] == ["execution-slower"]
    assert [entry.rule for entry in baseline.without(stale).entries] == ["class-removed"]


def test_it_is_written_and_read_back(path):
    """Dates as dates, entries sorted, the same bytes for the same entries."""
    baseline = accepting(SLOW, GONE, expires=date(2027, 1, 1), owner="ana")
    baseline.save(path)

    assert Baseline.load(path) == baseline
    assert [entry.rule for entry in baseline.entries] == ["class-removed", "execution-slower"]
    assert accepting(GONE, SLOW, expires=date(2027, 1, 1), owner="ana").to_text() == path.read_text(encoding="utf-8")
    assert "where: node 4 KSampler.seed" in path.read_text(encoding="utf-8")


def test_nothing_is_left_beside_it(path):
    """The file is replaced whole."""
    accepting(SLOW).save(path)

    assert [entry.name for entry in path.parent.iterdir()] == ["accepted.yaml"]


def test_accepting_again_keeps_the_first_day_and_the_owner():
    """A new reason and a new last day; when it was first seen stays."""
    first = accepting(SLOW, owner="ana")
    (entry,) = accepting(SLOW, baseline=first, reason="still", today=date(2026, 12, 1)).entries

    assert (entry.first_seen, entry.last_seen) == (TODAY, date(2026, 12, 1))
    assert (entry.reason, entry.owner) == ("still", "ana")


def test_seeing_it_again_moves_the_last_day():
    """For runs that pass."""
    (slow, gone) = accepting(SLOW, GONE).seen([GONE], date(2026, 12, 1)).entries[::-1]

    assert (slow.last_seen, gone.last_seen) == (TODAY, date(2026, 12, 1))


def test_fields_of_ones_own_are_kept(path):
    """A ticket number, a note: whatever a team adds, in an entry and beside the list."""
    path.write_text(
        f"team: video\naccepted:\n- fingerprint: {SLOW.fingerprint!r}\n  rule: execution-slower\n"
        "  reason: known\n  ticket: ABC-1\n",
        encoding="utf-8",
    )
    accepting(SLOW, baseline=Baseline.load(path), reason="still").save(path)

    text = path.read_text(encoding="utf-8")
    assert "ticket: ABC-1" in text
    assert "team: video" in text


def test_no_file_and_an_empty_file_are_an_empty_baseline(path):
    """Nothing accepted yet."""
    assert Baseline.load(path).entries == ()
    path.write_text("# nothing\n", encoding="utf-8")
    assert Baseline.load(path).entries == ()
    path.write_text("accepted:\n", encoding="utf-8")
    assert Baseline.load(path).entries == ()


ENTRY = "accepted:\n- fingerprint: 0123456789abcdef\n  rule: class-removed\n  reason: known\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- a\n", 1, "expected a list under the key 'accepted'"),
        ("accepted: 5\n", 1, "expected a list under the key 'accepted'"),
        ("accepted:\n- 5\n", 2, "entry 1 is no mapping"),
        (ENTRY.replace("  reason: known\n", ""), 2, "entry 1 has no reason"),
        (ENTRY.replace("known", '""'), 2, "entry 1 has no reason"),
        (ENTRY.replace("0123456789abcdef", "xyz"), 2, "expected 16 hex digits as text, got 'xyz'"),
        (ENTRY + "  expires: soon\n", 5, "expires: expected a day such as 2026-12-31, got 'soon'"),
        (ENTRY + ENTRY.removeprefix("accepted:\n"), 5, "is there twice (entries 1 and 2)"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(path, text, line, words):
    """File, line, expected and got."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        Baseline.load(path)

    assert f"accepted.yaml:{line}: " in str(caught.value)
    assert words in str(caught.value)


def test_days_may_be_written_as_text_or_with_a_time(path):
    """YAML knows both."""
    path.write_text(ENTRY + "  expires: '2027-01-01'\n  first_seen: 2026-11-22 10:00:00\n", encoding="utf-8")
    (entry,) = Baseline.load(path).entries

    assert (entry.expires, entry.first_seen) == (date(2027, 1, 1), TODAY)


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_required(reason):
    """Accepting without a reason is what the file exists to prevent."""
    with pytest.raises(UsageError, match="with a reason"):
        accepting(SLOW, reason=reason)


def test_a_last_day_in_the_past_is_refused():
    """It would fail at once."""
    with pytest.raises(UsageError, match="has passed"):
        accepting(SLOW, expires=date(2026, 11, 21))


def test_places_in_words():
    """Node, class and input as far as they are known; else the file."""
    assert where_of(GONE) == "node 4 KSampler.seed"
    assert where_of(SLOW) == ""
    assert where_of(SLOW.at(file="contract.yaml")) == "contract.yaml"
