"""Rules about keys that lie where others can read them."""

from __future__ import annotations

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["FOUND", "RULES", "UNSEARCHED"]

FOUND = Rule(
    id="secret-found",
    family="secret",
    title="A key lies in a file",
    looks_at="every byte of a file, through escapes, base64, hex, gzip, zlib, archives and the text parts of images",
    direction="state",
    action="search for values of the environment's key variables, and for the shapes that keys are issued in",
    severity=Severity.ERROR,
    why="Whoever reads the file can submit jobs on the key's account, and a repository's history keeps what a later "
    "commit removes. RunPod bills what is run with a leaked key.",
    source="docs.runpod.io, API keys; docs.github.com, removing sensitive data from a repository",
    todo="Revoke the key at its issuer first (a deleted line stays in the history), then take it out of the file.",
    before="the Authorization header of a recording reads [redacted]",
    after="line 12 of notes.md holds a runpod-key",
    mirror_waiver="a key is there or it is not",
)
UNSEARCHED = Rule(
    id="secret-unsearched",
    family="secret",
    title="A file was not searched to its end",
    looks_at="the size of a file, and what its compressed parts grow to",
    direction="state",
    action="stop at a limit, and say so",
    severity=Severity.ERROR,
    inconclusive=True,
    why="A compressed part may grow without bound, so the search has a limit; what lies behind it is not known.",
    source="the search's own limits (docs/security.md)",
    todo="Unpack the file and scan the parts, or leave it out with --exclude if nobody outside will read it.",
    before="a 2 MB archive whose members together have 40 MB",
    after="an archive that grows past the limit of 128 MB",
    mirror_waiver="about the search, not about the file",
)

RULES = (FOUND, UNSEARCHED)
