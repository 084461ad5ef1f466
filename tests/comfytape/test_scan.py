"""comfytape scan."""

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli

KEY = "rpa_" + "TESTKEY0123456789"
OWN = "of-our-own-making-4711"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An empty folder, and an environment that holds no key."""
    for name in list(os.environ):
        if name.startswith(("RUNPOD_", "COMFYTAPE_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scan(*arguments, stdin=None):
    return CliRunner().invoke(cli, ["scan", *arguments], input=stdin)


def zipped(name, data):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return packed.getvalue()


def tarred(name, data):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(bytes, id="plain"),
        pytest.param(base64.b64encode, id="base64"),
        pytest.param(gzip.compress, id="gzip"),
        pytest.param(lzma.compress, id="xz"),
        pytest.param(bz2.compress, id="bzip2"),
        pytest.param(lambda text: zipped("a/b.txt", text), id="zip"),
        pytest.param(lambda text: tarred("a/b.txt", text), id="tar"),
        pytest.param(lambda text: lzma.compress(tarred("a/b.txt", text)), id="tar in xz"),
    ],
)
def test_a_key_is_found_however_it_is_packed(place, wrap):
    """Exit code 1, and the key itself is nowhere in what is printed."""
    (place / "file.bin").write_bytes(wrap(f"first line\nAuthorization: Bearer {KEY}\n".encode()))

    done = scan("--json")

    assert done.exit_code == 1
    assert {f["rule"] for f in json.loads(done.stdout)["findings"]} == {"secret-found"}
    assert KEY not in done.output


def test_the_line_of_a_key_in_text_is_named(place):
    """An editor can jump there."""
    (place / "notes.md").write_text(f"one\ntwo\nkey: {KEY}\n")

    (found,) = json.loads(scan("--json").stdout)["findings"]

    assert found["location"]["file"] == "notes.md"
    assert found["location"]["line"] == 3


def test_places_of_one_kind_are_one_finding(place):
    """A recording with the key in each of its 400 requests is one thing to do."""
    (place / "a.txt").write_text(f"x: {KEY}\n" * 400)

    (found,) = json.loads(scan("--json").stdout)["findings"]

    assert "and 399 more" in found["message"]


def test_values_of_key_variables_are_found_in_any_shape(place, monkeypatch):
    """RUNPOD_API_KEY, the variables that the settings name, and what is named as a key."""
    (place / "pyproject.toml").write_text('[tool.comfytape]\nsecrets_env = ["PLAIN_NAME"]\n')
    monkeypatch.setenv("PLAIN_NAME", "seven7!")
    monkeypatch.setenv("HOUSE_TOKEN", OWN)
    (place / "a.txt").write_text(OWN.encode().hex())
    (place / "b.txt").write_text("it is seven7!")

    found = json.loads(scan("--json").stdout)["findings"]

    assert {f["location"]["file"] for f in found} == {"a.txt", "b.txt"}


def test_a_short_value_of_a_variable_only_named_like_a_key_is_not_searched_for(place, monkeypatch):
    """FOO_KEY=development must not flag every page with that word."""
    monkeypatch.setenv("FOO_KEY", "development")
    (place / "a.txt").write_text("a development server")

    assert scan().exit_code == 0


def test_a_value_that_cannot_be_searched_for_is_named(place, monkeypatch):
    """A key of five characters is refused, and the person is told."""
    monkeypatch.setenv("RUNPOD_API_KEY", "short")
    (place / "a.txt").write_text("nothing")

    assert "not searched for: the value of RUNPOD_API_KEY" in scan().output


def test_what_git_ignores_is_left_out(place):
    """Build folders and virtual environments are nobody's to read."""
    subprocess.run(["git", "init", "-q"], check=True)
    (place / ".gitignore").write_text("ignored.txt\n")
    (place / "ignored.txt").write_text(KEY)
    (place / "untracked.txt").write_text(KEY)

    (found,) = json.loads(scan("--json").stdout)["findings"]

    assert found["location"]["file"] == "untracked.txt"


@pytest.mark.parametrize("where", ["option", "settings"])
def test_files_can_be_left_out(place, where):
    """A folder of made-up keys, by glob."""
    (place / "fixtures").mkdir()
    (place / "fixtures" / "a.txt").write_text(KEY)
    if where == "settings":
        (place / "pyproject.toml").write_text('[tool.comfytape]\nscan_exclude = ["fixtures/*"]\n')
    (place / "b.txt").write_text("nothing")

    done = scan(*(["--exclude", "fixtures/*"] if where == "option" else []))

    assert done.exit_code == 0
    assert "PASS" in done.output


def test_standard_input_is_searched():
    """A diff or a log goes through a pipe."""
    done = scan("-", stdin=f"+key = '{KEY}'\n")

    assert done.exit_code == 1
    assert "standard input, line 1" in done.output


def test_nothing_searched_is_not_green():
    """An empty folder is exit code 4."""
    assert scan().exit_code == 4


def test_a_path_that_is_not_there_is_a_usage_error():
    """A typo in a hook must not pass."""
    done = scan("nowhere")

    assert done.exit_code == 2
    assert "there is no file or folder 'nowhere'" in done.output


def test_symbolic_links_are_not_followed(place, tmp_path_factory):
    """The search stays inside what it was given."""
    outside = tmp_path_factory.mktemp("outside") / "key.txt"
    outside.write_text(KEY)
    (place / "link").symlink_to(outside)
    (place / "a.txt").write_text("nothing")

    assert scan().exit_code == 0


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xfd7zXZ\x00" + b"broken" * 9, id="xz"),
        pytest.param(b"PK\x03\x04" + b"broken" * 9, id="zip"),
        pytest.param(lzma.compress(bytes(2 << 20)), id="xz grows past the limit"),
        pytest.param(gzip.compress(bytes(2 << 20)), id="gzip grows past the budget"),
    ],
)
def test_what_was_not_searched_is_not_green(place, data, monkeypatch):
    """A damaged archive, or one that grows past the limit: exit code 3, and the file is named."""
    monkeypatch.setattr("comfytape.scanning.MEMBERS", 1 << 20)
    monkeypatch.setattr(sys.modules["comfytape_cassettes.redaction.scan"], "BUDGET", 1 << 20)
    (place / "archive").write_bytes(data)

    done = scan()

    assert done.exit_code == 3
    assert "archive was not searched to its end" in done.output


def test_a_file_that_cannot_be_read_is_a_usage_error(place, monkeypatch):
    """Not a traceback, and not a pass."""
    (place / "a.txt").write_text("nothing")
    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)

    done = scan()

    assert done.exit_code == 2
    assert "a.txt cannot be read: no permission" in done.output


def refuse(path):
    raise PermissionError(13, "no permission")


def test_a_file_past_the_largest_size_is_named(place, monkeypatch):
    """It is not read at all."""
    monkeypatch.setattr("comfytape.scanning.LARGEST", 3)
    (place / "a.txt").write_text("four")

    assert "it has more than" in scan().output


def test_a_damaged_member_of_an_archive_is_named(place):
    """The rest of the archive is searched all the same."""
    archive = bytearray(zipped("inner/key.txt", b"0123456789" * 30))
    archive[archive.index(b"key.txt") + 9] ^= 0xFF
    (place / "a.zip").write_bytes(archive)

    done = scan("a.zip")

    assert done.exit_code == 3
    assert "inner/key.txt is damaged" in done.output


def test_an_archive_of_many_members_ends_at_the_limit(place, monkeypatch):
    """A bomb of small members costs no more than one large file."""
    monkeypatch.setattr("comfytape.scanning.MEMBERS", 1000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(20):
            archive.writestr(f"{number}.txt", bytes(999))
    (place / "a.zip").write_bytes(packed.getvalue())

    assert "what follows in the archive" in scan().output
