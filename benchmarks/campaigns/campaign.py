"""What every campaign has: cases, a seed, a table of what was seen, and an exit code that says whether all was well."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import Counter
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
