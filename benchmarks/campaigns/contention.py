"""Two at once on one folder: a clear word or a clean result, never a torn file.

    python benchmarks/campaigns/contention.py --cases 60

Two recorders on one cassette; checks while a recorder runs and finishes; `accept` beside `accept` and beside `check`.
Judged: one recorder wins and the other is told who holds the lock, its jobs unsent; a check sees the old recording or
the new one, whole; every acceptance is in accepted.yaml afterwards.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from campaign import Tally, arguments, finished
from stage import CONTRACT, comfytape, contract_in, planes

from comfytape_cassettes import Cassette

BUDGETED = (
    CONTRACT
    + "budgets: {cold_start_s: 0.000001, generation_s: 0.000001}\nnodes:\n"
    + "".join(f"  - {{class: Missing{n}}}\n" for n in range(6))
)


def two_recorders(plane, place, chance):
    """Two recorders."""
    contract_in(place)
    words = ("record", "small", "--samples", 2)
    first = comfytape(place, *words, plane_url=plane.url)
    time.sleep(chance.uniform(0, 0.5))
    second = comfytape(place, *words, plane_url=plane.url)
    said = [(p.communicate(timeout=90), p.returncode) for p in (first, second)]
    codes = sorted(code for _, code in said)
    printed = "".join(out + err for (out, err), _ in said)
    Cassette.open(place / "cassettes" / "small").verify()
    jobs = len(plane.jobs)
    if codes == [0, 0] and jobs == 4:
        return ""  # one after the other
    if codes != [0, 2] or jobs != 2 or "Traceback" in printed:
        return f"exits {codes}, {jobs} jobs: {printed[-300:]}"
    return (
        "" if "another" in printed or "lock" in printed or "running" in printed else f"no word on why: {printed[-300:]}"
    )


def recorder_and_check(plane, place, chance):
    """A recorder and checks."""
    contract_in(place)
    words = ("record", "small", "--samples", 2)
    comfytape(place, *words, plane_url=plane.url).communicate(timeout=90)
    recorder = comfytape(place, *words, plane_url=plane.url)
    seen = set()
    while recorder.poll() is None:
        check = comfytape(place, "check", "small", "--json")
        out, err = check.communicate(timeout=90)
        if "Traceback" in out + err or not out:
            return f"check exited {check.returncode}: {(out + err)[-300:]}"
        seen.add(json.loads(out)["measurements"].get("jobs"))
        time.sleep(chance.uniform(0, 0.2))
    recorder.communicate()
    return "" if seen <= {2} else f"a check saw {seen} samples of 2"


def accepts_and_check(plane, place, chance):
    """Acceptances and a check."""
    contract_in(place, BUDGETED)
    comfytape(place, "record", "small", "--samples", 2, plane_url=plane.url).communicate(timeout=90)
    out, _ = comfytape(place, "check", "small", "--json").communicate(timeout=90)
    prints = [finding["fingerprint"] for finding in json.loads(out)["findings"]]
    chance.shuffle(prints)
    half = len(prints) // 2
    runs = [
        comfytape(place, "accept", "small", *part, "--reason", "tried at once")
        for part in (prints[:half], prints[half:])
    ]
    runs.append(comfytape(place, "check", "small", "--json"))
    said = [(p.communicate(timeout=90), p.returncode) for p in runs]
    printed = "".join(out + err for (out, err), _ in said)
    if "Traceback" in printed:
        return printed[-300:]
    text = (place / "contracts" / "small" / "accepted.yaml").read_text()
    refused = any(code == 2 for (_, code) in said[:2])
    missing = [each for each in prints if each not in text]
    return "" if not missing or refused else f"{len(missing)} of {len(prints)} acceptances are gone: {printed[-300:]}"


KINDS = (two_recorders, recorder_and_check, accepts_and_check)


def run(cases, seed, side_by_side=2):
    tally = Tally("two at once", seed)
    with tempfile.TemporaryDirectory() as top:

        def lane(which):
            plane = planes.Plane().start()
            for number in range(which, cases, side_by_side):
                judge = KINDS[(number // side_by_side) % len(KINDS)]
                plane.jobs.clear()
                place = Path(top) / str(number)
                place.mkdir()
                try:
                    wrong = judge(plane, place, random.Random(seed * 100_003 + number))
                except Exception as error:
                    wrong = f"{type(error).__name__}: {error}"
                tally.case(judge.__doc__.rstrip("."), wrong and f"case {number}: {wrong}")
                shutil.rmtree(place, ignore_errors=True)
            plane.stop()

        with ThreadPoolExecutor(side_by_side) as pool:
            list(pool.map(lane, range(side_by_side)))
    return tally


if __name__ == "__main__":
    asked = arguments(__doc__, 60)
    finished(run(asked.cases, asked.seed), asked)
