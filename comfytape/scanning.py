"""The search of files for keys: which files, which values, and what was found where."""

from __future__ import annotations

import bz2
import io
import lzma
import os
import re
import subprocess
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from comfytape_cassettes import UsageError
from comfytape_cassettes.redaction import Leak, Secret, Secrets, scan
from comfytape_contracts.findings import Finding, Location
from comfytape_contracts.rules.secret import FOUND, UNSEARCHED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["LARGEST", "environment_secrets", "files_under", "findings_in", "findings_of"]

LARGEST = 512 << 20
"""Bytes of the largest file that is searched; a larger one is reported as not searched."""

MEMBERS = 64 << 20
"""Bytes that one member of an archive may have, and ten times that all of them together."""

_NAMED_AS_KEY = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|WEBHOOK|WEBHOOK_URL|DSN)(?:_ID)?$")
_SHORTEST_GUESS = 16
"""A variable that is only named like a key counts from this length: FOO_KEY=development must not flag a word."""


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Part:
    """Bytes to search, and the archive member that they are ("" for the file itself)."""

    member: str
    data: bytes
    whole: bool = True


def environment_secrets(environment: Mapping[str, str], named: Iterable[str] = ()) -> Secrets:
    """Values to look for: the variables ``named``, and every other whose name says that it holds a key."""
    chosen = {name: environment[name] for name in named if environment.get(name)}
    guessed = {
        name: value
        for name, value in environment.items()
        if name not in chosen and _NAMED_AS_KEY.search(name.upper()) and len(value) >= _SHORTEST_GUESS
    }
    return Secrets.of([Secret(value, name) for name, value in {**chosen, **guessed}.items()])


def files_under(paths: Sequence[Path], exclude: Sequence[str] = ()) -> list[Path]:
    """Every regular file under ``paths``, once, in order; in a git repository what git tracks or would add.

    Symbolic links are not followed: their target is searched where it lies.

    Raises:
        UsageError: a path does not exist.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(
                f"there is no file or folder '{path}'", hint="comfytape scan . searches the current folder"
            )
        for file in _in_git(path) or _walked(path):
            if not file.is_symlink() and file.is_file() and not any(_excluded(file, each) for each in exclude):
                found.setdefault(file, None)
    return list(found)


def findings_in(file: Path, secrets: Secrets) -> list[Finding]:
    """What lies in one file, as ``findings_of`` has it.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        if file.stat().st_size > LARGEST:
            return [_unsearched(str(file), f"it has more than {LARGEST >> 20} MB")]
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", hint="scan as a user who may read it") from error
    return findings_of(str(file), data, secrets)


def findings_of(name: str, data: bytes, secrets: Secrets) -> list[Finding]:
    """A finding for each kind of key in ``data`` and in each archive member, and one for what was not searched."""
    findings = []
    for part in _parts(data):
        leaks = scan(part.data, secrets)
        reason = "" if part.whole else "is damaged, locked or past the limit"
        if unsearched := next((leak for leak in leaks if leak.kind == "unsearched"), None):
            reason = f"grows past the limit when decoded ({', '.join(unsearched.layers)})"
        if reason:
            findings.append(_unsearched(name, f"{part.member or 'it'} {reason}"))
        # The same key is found again in each deeper reading of the file: the plainest places speak for all.
        for kind in sorted({leak.kind for leak in leaks} - {"unsearched"}):
            places = [leak for leak in leaks if leak.kind == kind]
            plainest = min(len(leak.layers) for leak in places)
            findings.append(_finding(name, part, [leak for leak in places if len(leak.layers) == plainest]))
    return findings


def _in_git(path: Path) -> list[Path]:
    """Files of a folder that git tracks or would add; empty where git or a repository is missing."""
    if not path.is_dir():
        return []
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - git as the user has it
            cwd=path,
            capture_output=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return [path / os.fsdecode(name) for name in listed.split(b"\0") if name]


def _walked(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, below, names in os.walk(path):
        below[:] = sorted(name for name in below if name != ".git")
        yield from (Path(folder) / name for name in sorted(names))


def _excluded(file: Path, pattern: str) -> bool:
    return fnmatch(str(file), pattern) or fnmatch(file.name, pattern)


def _parts(data: bytes) -> Iterator[_Part]:
    """The file, and what its archive formats hold, as far as the limits go."""
    yield _Part("", data)
    opened = _decompressed(data)
    if opened is not None:
        yield opened
        data = opened.data
    left = 10 * MEMBERS
    for member in _members(data):
        left -= len(member.data)
        yield member
        if left < 0:
            yield _Part("what follows in the archive", b"", whole=False)
            return


def _decompressed(data: bytes) -> _Part | None:
    """What xz or bzip2 holds, cut at the limit; None for anything else."""
    if data[:6] == b"\xfd7zXZ\x00":
        with lzma.LZMAFile(io.BytesIO(data)) as stream:
            return _read(stream, "")
    if data[:3] == b"BZh":
        with bz2.BZ2File(io.BytesIO(data)) as stream:
            return _read(stream, "")
    return None


def _members(data: bytes) -> Iterator[_Part]:
    """Files in a zip or tar (a wheel and a .docx are zips)."""
    if data[:4] == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for item in archive.infolist():
                    yield _zipped(archive, item)
        except (zipfile.BadZipFile, NotImplementedError, ValueError):
            yield _Part("the archive's directory", b"", whole=False)
    elif data[:2] == b"\x1f\x8b" or data[257:262] == b"ustar":
        try:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive_:
                for entry in archive_:
                    if entry.isfile() and (stream := archive_.extractfile(entry)) is not None:
                        yield _read(stream, entry.name)
        except (tarfile.TarError, EOFError, OSError, zlib.error):
            return  # not an archive: the search of the bytes themselves has unpacked the gzip


def _zipped(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> _Part:
    try:
        with archive.open(item) as stream:
            return _read(stream, item.filename)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError, OSError):
        return _Part(item.filename, b"", whole=False)


def _read(stream: _Readable, member: str) -> _Part:
    try:
        data = stream.read(MEMBERS + 1)
    except (EOFError, OSError, lzma.LZMAError, zlib.error, zipfile.BadZipFile):
        return _Part(member, b"", whole=False)
    return _Part(member, data[:MEMBERS], whole=len(data) <= MEMBERS)


def _finding(name: str, part: _Part, places: Sequence[Leak]) -> Finding:
    """One finding for all places of one kind; the first is shown."""
    leak = places[0]
    where = f"{name}, member {part.member}" if part.member else name
    is_text = not part.member and b"\0" not in part.data[:8192] and not leak.layers
    line = part.data.count(b"\n", 0, leak.offset) + 1 if is_text else None
    place = f"line {line}" if line else f"byte {leak.offset}"
    wrapped = f", inside {' in '.join(reversed(leak.layers))}" if leak.layers else ""
    more = f", and {len(places) - 1} more" if len(places) > 1 else ""
    return FOUND.finding(
        f"{where}, {place} holds a secret ({leak.kind}){wrapped}{more}: {leak.context}",
        location=Location(file=name, line=line),
        expected="no key",
        actual=leak.kind,
        identity={"file": name, "member": part.member, "kind": leak.kind},
    )


def _unsearched(name: str, reason: str) -> Finding:
    return UNSEARCHED.finding(
        f"{name} was not searched to its end: {reason}", location=Location(file=name), identity={"file": name}
    )
