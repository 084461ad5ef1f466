"""The set of known values: what it takes, what it refuses, and that printing it shows nothing."""

from __future__ import annotations

import pytest

from comfytape_cassettes.errors import UsageError
from comfytape_cassettes.redaction import Redactor, Secret, Secrets

WORD = "hunter" + "2-hunter"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "fewer than 6"),
        ("abc12", "fewer than 6"),
        ("  ab  ", "fewer than 6"),
        ("COMPLETED", "word of the protocols"),
        ("images", "word of the protocols"),
        ("aaaaaaaaaa", "one character repeated"),
        ("REDACTED", "placeholder"),
        ("REDACTEDREDA", "placeholder"),
        ("9999999", "placeholder"),
    ],
)
def test_a_value_that_would_corrupt_data_is_refused_with_its_reason(value, reason):
    """The user hears of it; the value itself is not repeated."""
    secrets = Secrets.of({"MY_KEY": value})
    assert len(secrets) == 0
    assert [refusal.origin for refusal in secrets.refused] == ["MY_KEY"]
    assert reason in secrets.refused[0].reason


def test_printing_shows_no_value():
    """repr of the set, of a secret and of a refusal are safe to log."""
    secrets = Secrets.of({"MY_KEY": WORD, "SHORT": "abc12"}, patterns=["mycorp-[a-z]{8}"])
    shown = f"{secrets!r} {list(secrets)!r} {secrets.refused!r}"
    assert WORD not in shown
    assert "abc12" not in shown
    assert "MY_KEY" in shown


def test_adding_nothing_new_gives_the_same_set():
    """A recording of a thousand exchanges with one key builds one matcher."""
    secrets = Secrets.of([WORD, "x"])
    assert secrets.with_([WORD, Secret(WORD, "again"), "x"]) is secrets
    assert len(secrets.with_([WORD + "3"])) == 2


def test_user_patterns_add_to_the_formats():
    """A rule of the user's own never switches off a built-in one."""
    redactor = Redactor(Secrets.of(patterns=["mycorp-[a-z]{8}"]))
    key = "rpa_" + "TESTKEY0123456789"
    assert redactor.text(f"mycorp-abcdefgh {key}") == "REDACTED REDACTED"
    assert [leak.kind for leak in redactor.scan(b"mycorp-abcdefgh")] == ["user-pattern"]


def test_user_patterns_survive_what_is_learnt():
    """Learning from an exchange keeps the rules."""
    redactor = Redactor(Secrets.of(patterns=["mycorp-[a-z]{8}"]))
    redactor.add([WORD])
    assert redactor.text("mycorp-abcdefgh") == "REDACTED"


@pytest.mark.parametrize("pattern", ["([a-z", "x*"])
def test_a_pattern_that_cannot_work_is_a_clear_error(pattern):
    """No regex, or one that masks everything: said at once, with the way out."""
    with pytest.raises(UsageError, match="redaction pattern") as caught:
        Secrets.of(patterns=[pattern])
    assert caught.value.hint
