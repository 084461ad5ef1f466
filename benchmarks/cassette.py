"""What opening and writing a cassette cost, beside vcrpy, betamax and reading the bare files: processor time, in ms.

    python benchmarks/cassette.py            # a table with ratios
    python benchmarks/cassette.py --json     # one object, for a report

Two tapes: 10 answers of 1.5 MB, and 10,000 small ones. All tools hold the same exchanges. A peer that is not installed
is left out, and the table says so (betamax: pip install betamax, in an environment of its own).
"""

from __future__ import annotations

import argparse
import base64
import gc
import importlib.util
import json
import random
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import jsonserializer, yamlserializer

from comfytape_cassettes import Body, Cassette, Exchange, Headers, Request, Response
from comfytape_cassettes.formats.vcr_document import vcr_text
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.vcr_bridge import pairs_of

if TYPE_CHECKING:
    from collections.abc import Callable

SENT = Headers.of({"User-Agent": "comfytape", "Accept": "*/*", "Authorization": "Bearer REDACTED"})
GOT = Headers.of({"Content-Type": "application/json", "Server": "aiohttp", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"})


def tape_of(answers: list[bytes]) -> list[Exchange]:
    return [
        Exchange(
            Request("GET", f"http://127.0.0.1:9/v2/e/status/job-{number}", SENT),
            Response(200, "OK", GOT, Body.of(answer)),
            ((number * 500.0, 4.2),),
        )
        for number, answer in enumerate(answers)
    ]


def large() -> list[Exchange]:
    noise = random.Random(7)
    images = [base64.b64encode(b"\x89PNG\r\n\x1a\n" + noise.randbytes(1_125_000)).decode() for _ in range(10)]
    return tape_of([json.dumps({"status": "COMPLETED", "output": {"images": [{"data": i}]}}).encode() for i in images])


def many() -> list[Exchange]:
    return tape_of([json.dumps({"id": f"job-{n}", "status": "IN_QUEUE", "delay": n}).encode() for n in range(10_000)])


def cost(work: Callable[[], object], rounds: int) -> float:
    """The least processor time of some rounds, in ms: other work on the machine only ever adds."""
    times = []
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1000)
    return round(min(times), 2)


def record(tape: list[Exchange], place: Path) -> float:
    """Write our cassette as a recorder does, each exchange to the journal as it comes; ms of processor time."""
    began = time.process_time()
    with closing(Recording.start(place, plane="loopback")) as recording:
        for exchange in tape:
            recording.add(exchange)
        recording.finish()
    return round((time.process_time() - began) * 1000, 2)


def betamax_text(cassette: Cassette) -> str:
    """The same exchanges as betamax 0.9 writes them (betamax/util.py)."""

    def lists(headers: Headers) -> dict[str, list[str]]:
        return {name: [value] for name, value in headers.items}

    interactions = [
        {
            "recorded_at": "2026-11-22T10:00:00",
            "request": {
                "body": {"encoding": "utf-8", "string": e.request.body.text()},
                "headers": lists(e.request.headers),
                "method": e.request.method,
                "uri": e.request.url,
            },
            "response": {
                "body": {"encoding": "utf-8", "string": e.response.body.text()},
                "headers": lists(e.response.headers),
                "status": {"code": e.response.status, "message": e.response.reason},
                "url": e.request.url,
            },
        }
        for e in cassette.exchanges
    ]
    return json.dumps({"http_interactions": interactions, "recorded_with": "betamax/0.9.0"})


def openings(place: Path) -> dict[str, Callable[[], object]]:
    """Ways to open the tape in ``place``, by name; the first is what all others are held to."""

    def with_one_body() -> None:
        Cassette.open(place / "ours").exchanges[5].response.body.raw()

    def with_bodies() -> None:
        for exchange in Cassette.open(place / "ours").exchanges:
            exchange.response.body.raw()

    ways: dict[str, Callable[[], object]] = {
        "comfytape: open": lambda: len(Cassette.open(place / "ours").exchanges),
        "comfytape: open, one exchange with its body": with_one_body,
        "comfytape: open, every exchange": lambda: list(Cassette.open(place / "ours").exchanges),
        "comfytape: open, every body": with_bodies,
        "reading the bare files": lambda: [p.read_bytes() for p in (place / "ours").rglob("*") if p.is_file()],
        "vcrpy, JSON": lambda: FilesystemPersister.load_cassette(place / "vcr.json", jsonserializer),
        "vcrpy, YAML (libyaml)": lambda: FilesystemPersister.load_cassette(place / "vcr.yaml", yamlserializer),
    }
    if importlib.util.find_spec("betamax"):
        from betamax.cassette import Cassette as BetamaxCassette  # noqa: PLC0415 - only where it is installed

        (place / "betamax.json").write_text(betamax_text(Cassette.open(place / "ours")))
        ways["betamax"] = lambda: BetamaxCassette(
            "betamax", "json", cassette_library_dir=str(place), record_mode="none"
        )
    return ways


def writings(place: Path, ours: float) -> dict[str, float]:
    """Writing the tape: ours as it comes, redacted and scanned; vcrpy's at the end, all at once."""
    cassette = Cassette.open(place / "ours")
    requests, responses = pairs_of(cassette)
    content = {"requests": requests, "responses": responses}
    return {
        "comfytape: write, journal and scan": ours,
        "vcrpy: write JSON at the end": cost(
            lambda: FilesystemPersister.save_cassette(place / "again.json", content, jsonserializer), 1
        ),
        "vcrpy: write YAML at the end": cost(
            lambda: FilesystemPersister.save_cassette(place / "again.yaml", content, yamlserializer), 1
        ),
    }


def measured(tape: list[Exchange], rounds: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        writing = record(tape, place / "ours")
        cassette = Cassette.open(place / "ours")
        (place / "vcr.json").write_text(vcr_text(cassette, as_json=True))
        (place / "vcr.yaml").write_text(vcr_text(cassette, as_json=False))
        slow = ("vcrpy, YAML (libyaml)",)
        found = {name: cost(work, 1 if name in slow else rounds) for name, work in openings(place).items()}
        return found | writings(place, writing)


def show(results: dict[str, dict[str, float]]) -> None:
    for tape, costs in results.items():
        base, written = costs["comfytape: open"], costs["comfytape: write, journal and scan"]
        print(f"\n{tape}")
        for name, ms in costs.items():
            print(f"  {name:<46}{ms:>12,.2f} ms{ms / (written if 'write' in name else base):>12,.2f} ×")
    if not importlib.util.find_spec("betamax"):
        print("\nbetamax is not installed and was left out: pip install betamax")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each measurement; the fastest counts")
    options = parser.parse_args()
    results = {
        "10 answers of 1.5 MB": measured(large(), options.rounds),
        "10,000 exchanges": measured(many(), options.rounds),
    }
    if options.json:
        print(json.dumps(results, indent=2))
    else:
        show(results)


if __name__ == "__main__":
    main()
