"""A short run of the campaign of secrets, and that it would see what it looks for."""

from __future__ import annotations

import gzip
import zlib

import pytest


@pytest.mark.parametrize(("kind", "road"), [("runpod", "har"), ("symbols", "webhook")])
def test_a_short_run_finds_nothing(program, kind, road):
    """One kind that is known by its format, one that is known by its value."""
    tally = program("secrecy").campaign(1, 7, kind=kind, road=road)
    assert not tally.faults
    assert sum(tally.cases.values()) == 1


def test_the_search_sees_a_key_in_every_place_before_redaction(program):
    """Each place, as it is sent: a campaign that could not see the key there would prove nothing."""
    secrecy = program("secrecy")
    key = secrecy.BY_VALUE["quotes"]
    unseen = []
    for name, place in secrecy.PLACES.items():
        asked = place(key)
        said = [asked.path.encode(), asked.body, asked.answer, *(v.encode() for _, v in asked.headers + asked.answered)]
        if not any(list(secrecy.Search({name: key}).look(data)) for data in said):
            unseen.append(name)
    assert unseen == []


@pytest.mark.parametrize("spelled", [
    lambda key: key,
    lambda key: b"x" * 7 + gzip.compress(b"log " + key),
    lambda key: zlib.compress(gzip.compress(key)),
    lambda key: key.hex().upper().encode(),
    lambda key: key.decode().encode("utf-16-be"),
])  # fmt: skip
def test_the_search_sees_a_key_in_every_spelling(program, spelled):
    """Plain, compressed twice, in hex, in UTF-16."""
    secrecy = program("secrecy")
    key = secrecy.BY_VALUE["a word"]
    assert list(secrecy.Search({"here": key}).look(b"some text " + spelled(key.encode()) + b" and more"))


def test_each_place_gets_a_key_of_its_own(program):
    """So that what one place gives away does not help in another."""
    secrecy = program("secrecy")
    for name, secret in secrecy.made_up.KINDS.items():
        made = {secrecy.variant(secret, number) for number in range(len(secrecy.PLACES))}
        assert len(made) == len(secrecy.PLACES), name
        assert {len(each) for each in made} == {len(secret)}
