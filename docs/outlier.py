"""The shipped recording noise-1024 with one job made an outlier: its executionTime times ten, all else as it was.

    python docs/outlier.py outlier        # writes the cassette ./outlier

All that came after is moved by what it took longer. Used by performance.md to show what one slow job changes.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from comfytape import Cassette
from comfytape_cassettes import Body
from comfytape_cassettes.recording import Recording
from comfytape_contracts.tape import Tape

SLOW, FACTOR = 6, 10
"""Which job, from 1, and how much longer it takes."""


def main() -> None:
    """Write the changed recording."""
    source = Cassette.open(Path(__file__).parent.parent / "cassettes" / "noise-1024")
    job = Tape(source).jobs[SLOW - 1]
    final = job.states[-1].exchange
    assert job.last is not None
    later = (job.last.execution_ms or 0.0) * (FACTOR - 1)
    made = Recording.start(
        Path(sys.argv[1]),
        plane="loopback",
        contract="noise-1024",
        recorded_at=source.provenance.recorded_at,
        notes=[*source.provenance.notes, f"For the guide, the executionTime of job {SLOW} was multiplied by {FACTOR}."],
    )
    for recorded in source.exchanges:
        times = tuple((at + later if at >= final.started_ms else at, took) for at, took in recorded.times)
        exchange = replace(recorded, times=times)
        if recorded.request.url == final.request.url and recorded.started_ms == final.started_ms:
            said = json.loads(exchange.response.content())
            body = Body.of(json.dumps(said | {"executionTime": said["executionTime"] * FACTOR}).encode())
            headers = exchange.response.headers.with_("Content-Length", str(len(body.raw())))
            changed = replace(exchange.response, body=body, headers=headers)
            made.add(replace(exchange, response=changed))
        else:
            made.add(exchange)
    made.finish()


if __name__ == "__main__":
    main()
