"""Comparing inventories: comfytape beside DeepDiff, dictdiffer and ==, in one run, on real ones.

    python benchmarks/drift.py            # dictdiffer is compared where it is installed

CPU time, the best of several runs, documents parsed beforehand. Also shows that the time grows with the number of node
classes and no faster, up to 5,000. The exit code is 1 where 830 KB against 830 KB takes more than 10 ms.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import lzma
import sys
import time
from pathlib import Path

from deepdiff import DeepDiff

from comfytape_contracts.drift import change_records, diff_inventories

DATA = Path(__file__).resolve().parents[1] / "tests" / "data" / "drift" / "inventories.json.xz"
LIMIT_MS = 10
RUNS = 9
SLOW_RUNS = 1


def fresh(document):
    """A copy that shares no text with the original, as two files that were read have none."""
    return json.loads(json.dumps(document))


def cpu_ms(work, runs=RUNS):
    times = []
    for _ in range(runs):
        started = time.process_time()
        work()
        times.append((time.process_time() - started) * 1000)
    return min(times)


def edited(document):
    """A day's worth of drift: 20 classes changed, one gone, one new."""
    after = fresh(document)
    for raw in list(after.values())[:400:20]:
        raw["input"].setdefault("optional", {})["new_input"] = ["INT", {"default": 1}]
    after["BrandNew"] = after.pop("KSampler")
    return after


def others():
    yield "==", lambda a, b: a == b, RUNS
    yield "DeepDiff", lambda a, b: DeepDiff(a, b, threshold_to_diff_deeper=0), SLOW_RUNS
    if importlib.util.find_spec("dictdiffer"):
        import dictdiffer  # noqa: PLC0415 - optional

        yield "dictdiffer", lambda a, b: list(dictdiffer.diff(a, b)), SLOW_RUNS


def grown(document, classes):
    """As many classes, made of real ones under other names."""
    items = list(document.items())
    return {f"{items[i % len(items)][0]} {i}": copy.deepcopy(items[i % len(items)][1]) for i in range(classes)}


def main():
    real = json.loads(lzma.decompress(DATA.read_bytes()))
    before = real["0.3.64-aug"]
    size = len(json.dumps(before).encode())
    pairs = {
        "the same, read twice": fresh(before),
        "20 classes changed": edited(before),
        "ComfyUI 0.3.75 (real)": real["0.3.75-aug"],
        "ComfyUI 0.10.0 and another RES4LYF (real)": real["0.10.0-new"],
    }
    print(f"before: ComfyUI 0.3.64 + RES4LYF, {len(before)} classes, {size / 1000:.0f} KB; CPU time\n")
    print("| after | records | comfytape records | with findings | other | ms | times as long |")
    print("|---|---|---|---|---|---|---|")
    worst = 0.0
    for number, (name, after) in enumerate(pairs.items()):
        ours = cpu_ms(lambda after=after: change_records(before, after))
        whole = cpu_ms(lambda after=after: diff_inventories(before, after))
        if number < 2:
            worst = max(worst, whole)
        count = len(change_records(before, after))
        for other, work, runs in others():
            theirs = cpu_ms(lambda after=after, work=work: work(before, after), runs)
            row = (
                f"| {name} | {count} | {ours:.1f} ms | {whole:.1f} ms | {other} | {theirs:.1f} | {theirs / ours:.1f} |"
            )
            print(row, flush=True)
    print("\n| classes | 20 of every 400 changed | microseconds a class |\n|---|---|---|")
    for classes in (500, 1000, 2500, 5000):
        large = grown(before, classes)
        after = fresh(large)
        for raw in list(after.values())[::20]:
            raw["input"].setdefault("optional", {})["new_input"] = ["INT", {"default": 1}]
        taken = cpu_ms(lambda large=large, after=after: change_records(large, after), 5)
        print(f"| {classes} | {taken:.1f} ms | {taken * 1000 / classes:.1f} |")
    print(f"\nworst of the first two, findings included: {worst:.1f} ms (limit {LIMIT_MS} ms)")
    return 1 if worst > LIMIT_MS else 0


if __name__ == "__main__":
    sys.exit(main())
