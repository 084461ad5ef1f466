"""A cassette at an fsspec URL: read as a local one is, and put there whole or not at all."""

from __future__ import annotations

import uuid
from pathlib import Path

import fsspec
import pytest

from comfytape_cassettes import Cassette, CassetteError


@pytest.fixture
def url():
    """A place in fsspec's memory, of this test alone."""
    address = f"memory://{uuid.uuid4().hex}/cassettes/noise"
    yield address
    fsspec.filesystem("memory").rm("/", recursive=True)


@pytest.fixture
def cassette(exchange, recorded, png):
    return recorded(
        exchange(b'{"status": "IN_QUEUE"}', at=1), exchange(png, at=2, url="http://x/view"), exchange(b"\1" * 9000, at=3, url="http://x/3", headers=[])
    )  # fmt: skip


def test_a_copy_is_the_cassette(cassette, url):
    """Exchanges, bodies, provenance; verified there, nothing too much."""
    copied = cassette.copy_to(url)
    assert (copied.label, copied.name) == (url, "noise")
    again = Cassette.open(url + "/")
    again.verify()
    assert list(again.exchanges) == list(cassette.exchanges)
    assert [e.response.body.raw() for e in again.exchanges] == [e.response.body.raw() for e in cassette.exchanges]
    assert again.provenance == cassette.provenance
    assert again.orphans() == set()


def test_a_copy_replaces_what_was_there(cassette, recorded, exchange, url, tmp_path):
    """Bodies of the cassette before are swept after the index has changed."""
    recorded(exchange(b"\1" * 9000), path=tmp_path / "other").copy_to(url)
    copied = cassette.copy_to(url)
    assert copied.folder.names("bodies") == cassette.folder.names("bodies")
    copied.verify()


def test_a_copy_that_fails_leaves_no_index(cassette, url):
    """Bodies go first and the index last: a reader never sees an index without its bodies."""
    for path in (Path(cassette.label) / "bodies").glob("*.bin"):
        path.unlink()
    with pytest.raises(CassetteError, match="is missing"):
        cassette.copy_to(url)
    with pytest.raises(CassetteError, match="there is no cassette at memory://"):
        Cassette.open(url)


def test_a_copy_comes_back_to_a_folder(cassette, url, tmp_path):
    """From a store into a folder, which holds the same files as the first."""
    cassette.copy_to(url).copy_to(tmp_path / "back")

    def files(folder):
        return {p.relative_to(folder): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}

    assert files(tmp_path / "back") == files(cassette.label)


def test_a_file_url_is_a_folder(cassette):
    """With all that a folder has, its guard against links included."""
    assert Cassette.open(f"file://{cassette.label}").label == cassette.label


def test_damage_is_named_there_too(cassette, url):
    """A missing body in a store: its address, the exchange, the remedy."""
    store = cassette.copy_to(url)
    (name,) = (n for n in store.folder.names("bodies") if n.endswith(".png"))
    store.folder.remove([f"bodies/{name}", "bodies/nothing"])
    with pytest.raises(CassetteError, match=f"{url}/bodies/{name} is missing .*exchange 2") as caught:
        Cassette.open(url).verify()
    assert "restore it" in caught.value.hint


def test_there_is_none(url):
    """Nothing was ever written there."""
    with pytest.raises(CassetteError, match="there is no cassette at memory://"):
        Cassette.open(url)


@pytest.mark.parametrize(
    ("address", "words"),
    [("nope://x/y", "Protocol not known"), ("ftp://127.0.0.1:1/x", "Connection refused"), ("gs+x://y", "cannot open")],
)
def test_a_place_that_cannot_be_reached(address, words):
    """Kind of URL unknown, or nobody there: words, not the store's traceback."""
    with pytest.raises(CassetteError, match=words) as caught:
        Cassette.open(address)
    assert caught.value.hint


def test_s3_without_credentials(monkeypatch):
    """The first thing that goes wrong with S3 is said in words."""
    pytest.importorskip("s3fs")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CassetteError, match=r"s3://comfytape-nowhere/c/cassette\.json cannot be read") as caught:
        Cassette.open("s3://comfytape-nowhere/c")
    assert "credentials" in caught.value.hint
