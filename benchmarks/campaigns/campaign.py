"""What every campaign has: cases, a seed, a table of what was seen, and an exit code that says whether all was well."""

from __future__ import annotations

import argparse
import json
import platform
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Tally:
    """Cases by kind and outcome; ``faults`` are the ones that must not be, each with what is needed to see it again."""

    name: str
    seed: int
    cases: Counter = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    figures: dict = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def case(self, kind, fault=""):
        """Count one case; ``fault`` says what was wrong with it."""
        self.cases[kind] += 1
        if fault:
            self.faults.append(f"{kind}: {fault}")
            print(f"FAULT {kind}: {fault}", file=sys.stderr, flush=True)

    def to_json(self):
        return {
            "campaign": self.name,
            "seed": self.seed,
            "cases": sum(self.cases.values()),
            "by_kind": dict(sorted(self.cases.items())),
            "faults": self.faults,
            "figures": self.figures,
            "seconds": round(time.monotonic() - self.began, 1),
            "python": platform.python_version(),
        }


def in_lanes(tally, chosen, lanes, plane):
    """Judge the ``chosen`` cases, ``lanes`` of them side by side, and count each in ``tally``.

    Lane k takes cases k, k + lanes, k + 2 lanes, …; a lane has a plane of its own, that ``plane()`` makes. ``chosen`` holds
    (kind, judge) by number; ``judge(plane, place, chance)`` says what is wrong, "" where all is well. ``place`` is an empty
    folder named by the case's number, ``chance`` a Random that depends on seed and number alone: a case can be seen again.
    An exception is a fault of its case; the lane goes on.
    """
    counting = threading.Lock()

    def lane(first, top):
        own = plane().start()
        try:
            for number in range(first, len(chosen), lanes):
                kind, judge = chosen[number]
                own.jobs.clear()
                own.faults.clear()
                place = Path(top) / str(number)
                place.mkdir()
                try:
                    wrong = judge(own, place, random.Random(tally.seed * 100_003 + number))
                except Exception as error:  # a fault of its case; the others go on
                    wrong = f"{type(error).__name__}: {error}"
                with counting:
                    tally.case(kind, wrong and f"case {number}: {wrong}")
                shutil.rmtree(place, ignore_errors=True)
        finally:
            own.stop()

    with tempfile.TemporaryDirectory() as top, ThreadPoolExecutor(lanes) as pool:
        list(pool.map(lane, range(lanes), [top] * lanes))


def arguments(description, cases, **more):
    """``--cases``, ``--seed`` and ``--json``, and whole numbers by other names."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=cases)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    for name, value in more.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    return parser.parse_args()


def finished(tally, asked):
    """Print the figures, write them where asked, and end with 1 if anything was wrong."""
    document = tally.to_json()
    print(
        f"{tally.name}: {document['cases']} cases, seed {tally.seed}, {len(tally.faults)} faults, {document['seconds']} s"
    )
    for kind, number in document["by_kind"].items():
        print(f"  {number:7} {kind}")
    for name, value in tally.figures.items():
        print(f"  {name}: {value}")
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(document, indent=1) + "\n")
    sys.exit(1 if tally.faults else 0)
