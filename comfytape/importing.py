"""HAR files into a cassette."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from comfytape_cassettes.har import read_har
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from comfytape_cassettes import Cassette
    from comfytape_cassettes.har import HarTape

__all__ = ["import_hars"]


def import_hars(files: Sequence[Path], into: Path, notes: Sequence[str], secrets: Sequence[str]) -> Cassette:
    """Write the exchanges of HAR files, in order of time, as the cassette ``into``.

    The recording's id follows from the files' bytes: importing them again gives the same cassette byte for byte, and
    an import that was cut off is started over.

    Raises:
        CassetteError: a file is no HAR, or the cassette cannot be written.
    """
    tapes = [read_har(path) for path in files]
    began = min(tape.began for tape in tapes)
    tapes = [tape.after(began) for tape in tapes]
    creators = ", ".join(
        dict.fromkeys(f"{path.name} ({tape.creator})" for path, tape in zip(files, tapes, strict=True))
    )
    recording = Recording.start(
        into,
        plane="loopback" if all(tape.loopback for tape in tapes) else "import",
        secrets=Secrets.of(secrets),
        source=creators,
        recorded_at=began.isoformat(timespec="milliseconds"),
        notes=[*notes, *lost(files, tapes)],
        recording=hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:32],
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
        return recording.finish()
    finally:
        recording.close()


def lost(files: Sequence[Path], tapes: Sequence[HarTape]) -> list[str]:
    """What readers of the cassette must know about bodies that their HAR file does not hold."""
    return [
        f"{tape.missing} bodies are not in {path.name} (saved without content, or too large for the program that "
        "saved it) and are empty here."
        for path, tape in zip(files, tapes, strict=True)
        if tape.missing
    ]
