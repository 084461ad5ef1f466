"""Drift against real servers: workflows that one real ComfyUI took, and what a newer or other one said to them.

    python benchmarks/drift_agreement.py [PAIR ...]

The cases were harvested by asking real servers (see tests/data/drift/README.md). Prints recall, false alarms and every
disagreement; the exit code is 1 where recall is below 1 or more than one accepted workflow in a thousand is flagged.
"""

from __future__ import annotations

import json
import lzma
import sys
import time
from collections import defaultdict
from pathlib import Path

from comfytape_contracts.drift import NamedWorkflow, compare_inventories
from comfytape_contracts.drift.agreement import Said, disagreement

DATA = Path(__file__).resolve().parents[1] / "tests" / "data" / "drift"


def load():
    inventories = json.loads(lzma.decompress((DATA / "inventories.json.xz").read_bytes()))
    by_pair = defaultdict(list)
    for line in lzma.decompress((DATA / "cases.jsonl.xz").read_bytes()).splitlines():
        case = json.loads(line)
        by_pair[case["pair"]].append(case)
    return inventories, by_pair


def compare(inventories, pair, cases):
    """Findings by case number: one comparison for all workflows of a pair."""
    before, after = pair.split(" → ")
    named = [NamedWorkflow(case["prompt"], str(number)) for number, case in enumerate(cases)]
    found = defaultdict(list)
    for finding in compare_inventories(inventories[before], inventories[after], named).findings:
        found[finding.location.file].append(finding)
    return [found[each.name] for each in named]


def main(wanted):
    inventories, by_pair = load()
    total = refused = missed = accepted = false = late = 0
    lines = []
    print("| before → after | workflows | refused | missed | accepted | false alarms | also fail late | other types |")
    print("|---|---|---|---|---|---|---|---|")
    started = time.process_time()
    for pair, cases in by_pair.items():
        if wanted and pair not in wanted:
            continue
        row = [len(cases), 0, 0, 0, 0, 0, 0]
        for case, findings in zip(cases, compare(inventories, pair, cases), strict=True):
            said = Said.of_answer(case["status"], case.get("error"), case.get("node_errors", {}))
            words = disagreement(findings, said)
            errors = [f for f in findings if f.severity == "error"]
            rejects = said.status != 200
            row[1 if rejects else 3] += 1
            row[5] += bool(errors) and not rejects and words is None
            if words:
                row[2 if rejects and not any(f.server_error for f in errors) else 6 if rejects else 4] += 1
                lines.append(f"{pair}, {case['kind']}: {words}")
        print(f"| {pair} | " + " | ".join(map(str, row)) + " |", flush=True)
        total, refused, missed = total + row[0], refused + row[1], missed + row[2]
        accepted, false, late = accepted + row[3], false + row[4], late + row[5]
    print(f"\n{total} workflows: {refused} refused, {missed} missed; {accepted} accepted, {false} flagged")
    print(f"recall {1 - missed / max(refused, 1):.4f}, false alarms {false / max(accepted, 1):.5f}")
    print(f"{late} more fail late, which the server's answer does not show")
    print(f"{time.process_time() - started:.0f} s of CPU\n")
    print("\n".join(lines) or "no disagreement")
    return 1 if missed or false * 1000 > accepted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
