"""Write ``docs/examples/report.*`` anew: every format of the report on the shipped z-image-danrisi recording.

The moment of checking is one day after the recording, so that the same code writes the same bytes on any day.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

from comfytape import Cassette, Contract, check
from comfytape.reporting import ReportRequest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = {
    "report.json": "json",
    "report.junit.xml": "junit",
    "report.sarif": "sarif",
    "report.md": "markdown",
    "report.github.txt": "github",
    "report.html": "html",
    "report.svg": "badge",
    "report.badge.json": "badge",
}


def main(folder: str = "docs/examples") -> int:
    """Write them into ``folder``."""
    os.chdir(ROOT)
    os.environ.pop("GITHUB_STEP_SUMMARY", None)
    cassette = Cassette.open("cassettes/z-image-danrisi")
    moment = datetime.fromisoformat(cassette.provenance.recorded_at) + timedelta(days=1)
    report = check(Contract.load("contracts/z-image-danrisi"), cassette, now=moment)
    for name, form in EXAMPLES.items():
        ReportRequest.parse(f"{form}={folder}/{name}").write([report])
    print(f"wrote {', '.join(EXAMPLES)} to {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
