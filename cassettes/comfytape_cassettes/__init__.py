"""What was said: exchanges and cassettes, their store on disk, redaction, the journal, HAR and vcr formats."""

from comfytape_cassettes.body import Body
from comfytape_cassettes.cassette import Cassette
from comfytape_cassettes.errors import CassetteError, ComfytapeError, LeakError, UnreachableError, UsageError
from comfytape_cassettes.exchange import Exchange, Failure, Headers, Request, Response
from comfytape_cassettes.provenance import Provenance
from comfytape_cassettes.version import __version__

__all__ = [
    "Body",
    "Cassette",
    "CassetteError",
    "ComfytapeError",
    "Exchange",
    "Failure",
    "Headers",
    "LeakError",
    "Provenance",
    "Request",
    "Response",
    "UnreachableError",
    "UsageError",
    "__version__",
]
