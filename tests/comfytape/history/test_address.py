"""Addresses of histories, and what is never said of them."""

from __future__ import annotations

import pytest

from comfytape.history.address import Address
from comfytape.history.database import History
from comfytape_cassettes import UsageError

PASSWORD = "open" + "sesame"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("history.sqlite", "history.sqlite"),
        ("sqlite:///runs/history.sqlite", "runs/history.sqlite"),
        ("sqlite:////var/history.sqlite", "/var/history.sqlite"),
        (f"postgresql://ci:{PASSWORD}@db.example:5433/fleet", "postgresql://db.example:5433/fleet"),
        (f"postgres://ci:{PASSWORD}@db.example/fleet", "postgresql://db.example/fleet"),
        (f"postgresql+psycopg:///fleet?password={PASSWORD}", "postgresql://localhost/fleet"),
    ],
)
def test_a_label_names_the_place_and_no_password(text, label):
    """What a person types, and what is shown of it."""
    address = Address.parse(text)
    assert address.label == label
    assert PASSWORD not in repr(address)


@pytest.mark.parametrize(
    "text",
    [
        f"mysql://ci:{PASSWORD}@db/fleet",
        f"postgresql://ci:{PASSWORD}@db:port/fleet",
        f"postgresql+asyncpg://ci:{PASSWORD}@db/fleet",
        f"sqlite://{PASSWORD}",
        "sqlite://",
        f"://{PASSWORD}",
    ],
)
def test_another_address_is_refused_without_repeating_it(text):
    """A password may be anywhere in it."""
    with pytest.raises(UsageError) as caught:
        Address.parse(text)
    assert "postgresql://" in caught.value.hint
    assert PASSWORD not in str(caught.value)


def test_a_server_that_is_not_there_is_said_without_the_password(run):
    """The driver's words are passed on, the password is not."""
    with pytest.raises(UsageError, match="refused") as caught:
        History.at(f"postgresql://ci:{PASSWORD}@127.0.0.1:1/fleet").append([run])
    assert PASSWORD not in str(caught.value) + caught.value.hint
    assert caught.value.__cause__ is None


def test_a_driver_that_repeats_the_password_is_cut_short():
    """Plain and percent-encoded, from the place for it and from the query."""
    address = Address.parse("postgresql://ci:p%40ss-word@db/fleet?password=other-word")
    assert address.without_password("p@ss-word other-word p@ss-word") == "*** *** ***"
    assert Address.parse("history.sqlite").without_password("as it is") == "as it is"


@pytest.mark.services
def test_a_wrong_password_is_told_as_that(url, run):
    """PostgreSQL's own words, and what to look at."""
    if not url.startswith("postgresql"):
        pytest.skip("SQLite has no passwords")
    with pytest.raises(UsageError, match="password authentication failed") as caught:
        History.at(url.replace("comfytape:", "comfytape:wrong")).append([run])
    assert "password" in caught.value.hint
