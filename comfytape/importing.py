"""Files of other tools into a cassette."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.formats.recognise import read_foreign
from comfytape_cassettes.index import INDEX
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from comfytape_cassettes import Cassette
    from comfytape_cassettes.formats.tape import ForeignTape

__all__ = ["import_files"]


def import_files(
    files: Sequence[Path], into: Path, notes: Sequence[str], secrets: Sequence[str]
) -> tuple[Cassette, tuple[str, ...]]:
    """Write what files of other tools say, in order of time, as the cassette ``into``.

    Also returns what the files hold and a cassette has no place for, in words. The recording's id follows from the
    files' bytes: importing them again gives the same cassette, and an import that was cut off is started over.

    Raises:
        CassetteError: a file is in no known format or damaged, or the cassette cannot be written.
    """
    refuse_links(into)
    tapes = [read_foreign(path) for path in files]
    began = min(tape.began for tape in tapes)
    tapes = [tape.after(began) for tape in tapes]
    told = [tape.provenance for tape in tapes if tape.provenance is not None]
    sources = [said.source or tape.creator if (said := tape.provenance) else f"{path.name} ({tape.creator})"
               for path, tape in zip(files, tapes, strict=True)]  # fmt: skip
    recording = Recording.start(
        into,
        plane=one_of({tape.plane for tape in tapes}),
        secrets=Secrets.of(secrets),
        source=", ".join(dict.fromkeys(sources)),
        contract=next((said.contract for said in told if said.contract), ""),
        recorded_at=began.isoformat(timespec="milliseconds"),
        notes=list(dict.fromkeys([*(note for said in told for note in said.notes), *notes, *lost(files, tapes)])),
        versions={name: value for said in told for name, value in said.versions.items()},
        recording=hashlib.sha256(b"".join(bytes_of(path) for path in files)).hexdigest()[:32],
    )
    try:
        # A key may be named in the last entry and echoed in the first: learn from all before keeping any.
        for tape in tapes:
            for exchange in tape.exchanges:
                recording.redactor.learn(exchange)
        for tape in tapes:
            for exchange in tape.exchanges:
                recording.add(exchange)
            for failure in tape.failures:
                recording.fail(failure)
        cassette = recording.finish(samples=[sample for said in told for sample in said.samples])
    finally:
        recording.close()
    return cassette, tuple(unkept(files, tapes))


def refuse_links(into: Path) -> None:
    """A cassette is written where its name says.

    Raises:
        CassetteError: the folder, or a part of it, is a link to another place.
    """
    for place in (into, into / "bodies", into / INDEX):
        if place.is_symlink():
            raise CassetteError(
                f"{place} is a link to another place; nothing is written through it",
                hint="delete the link, or choose another place with --into and --name",
            )


def bytes_of(path: Path) -> bytes:
    """What an import follows from; a cassette's index names its bodies by their content."""
    return (path / INDEX if path.is_dir() else path).read_bytes()


def one_of(planes: Iterable[str]) -> str:
    """The plane that all files agree on."""
    agreed = set(planes)
    return agreed.pop() if len(agreed) == 1 else "import"


def lost(files: Sequence[Path], tapes: Sequence[ForeignTape]) -> list[str]:
    """What readers of the cassette must know about what its files do not hold."""
    said = []
    for path, tape in zip(files, tapes, strict=True):
        if tape.missing:
            said.append(
                f"{tape.missing} bodies are not in {path.name} (saved without content, or too large for the program "
                "that saved it) and are empty here."
            )
        said += tape.notes
    return said


def unkept(files: Sequence[Path], tapes: Sequence[ForeignTape]) -> list[str]:
    """What the files hold and a cassette does not, with the file's name where there are several."""
    return [
        f"{line} ({path.name})" if len(files) > 1 else line
        for path, tape in zip(files, tapes, strict=True)
        for line in tape.unkept
    ]
