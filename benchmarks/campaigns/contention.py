"""Two at once on one folder: a clear word or a clean result, never a torn file.

    python benchmarks/campaigns/contention.py --cases 60

Two recorders on one cassette; checks while a recorder runs and finishes; `accept` beside `accept` and beside `check`.
Judged: one recorder wins and the other is told who holds the lock, its jobs unsent; a check sees the old recording or
the new one, whole, and so does a reader that never pauses; every acceptance is in accepted.yaml afterwards.
Whatever the recorder does to cassette.json itself lasts half a second (needs strace): a torn file is seen, by no luck.
"""

from __future__ import annotations

import json
import threading
import time

from campaign import Tally, arguments, finished, in_lanes
from stage import CONTRACT, comfytape, contract_in, holding, planes

from comfytape_cassettes import Cassette
from comfytape_cassettes.errors import ComfytapeError

BUDGETED = (
    CONTRACT
    + "budgets: {cold_start_s: 0.000001, generation_s: 0.000001}\nnodes:\n"
    + "".join(f"  - {{class: Missing{n}}}\n" for n in range(6))
)


HELD_S = 0.5
"""How long a change of the index in place is held open: many times what opening and verifying it takes."""


class Reader(threading.Thread):
    """Opens and verifies a cassette again and again until it is told to stop; ``wrong`` is the first thing amiss."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.over = folder, threading.Event()
        self.read, self.wrong = 0, ""

    def run(self):
        while not self.wrong and not self.over.wait(0.01):
            try:
                Cassette.open(self.folder).verify()
            except (ComfytapeError, OSError) as error:
                self.wrong = f"a reader after {self.read} good reads: {error}"
            self.read += 1

    def told(self):
        """End it; what was wrong."""
        self.over.set()
        self.join(60)
        return self.wrong


def two_recorders(plane, place, chance):
    """Two recorders."""
    contract_in(place)
    plane.work_s = 1.0  # longer than the second waits: they do meet
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
        submitted, ended = (
            sorted(getattr(job, when) for job in plane.jobs.values()) for when in ("submitted", "ended")
        )
        return "both recorded at once" if submitted[2] < ended[1] else ""
    if codes != [0, 2] or jobs != 2 or "Traceback" in printed:
        return f"exits {codes}, {jobs} jobs: {printed[-300:]}"
    return (
        "" if "another" in printed or "lock" in printed or "running" in printed else f"no word on why: {printed[-300:]}"
    )


def recorder_and_check(plane, place, chance):
    """A recorder and checks."""
    contract_in(place)
    plane.work_s = 0.05
    words = ("record", "small", "--samples", 2)
    comfytape(place, *words, plane_url=plane.url).communicate(timeout=90)
    folder = place / "cassettes" / "small"
    reader = Reader(folder)
    reader.start()
    held = holding((folder / "cassette.json").relative_to(place), HELD_S)
    recorder = comfytape(place, *words, plane_url=plane.url, under=held)
    wrong = checks_beside(recorder, place, chance)
    _, err = recorder.communicate(timeout=90)
    wrong = reader.told() or wrong
    return wrong or (f"the recorder exited {recorder.returncode}: {err[-300:]}" if recorder.returncode else "")


def checks_beside(recorder, place, chance):
    """Check again and again until the recorder is done; what is wrong with what the checks saw."""
    seen = set()
    while recorder.poll() is None:
        check = comfytape(place, "check", "small", "--json")
        out, err = check.communicate(timeout=90)
        if "Traceback" in out + err or not out:
            return f"check exited {check.returncode}: {(out + err)[-300:]}"
        seen.add(json.loads(out)["measurements"].get("jobs"))
        time.sleep(chance.uniform(0, 0.2))
    return "" if seen <= {2} else f"a check saw {seen} samples of 2"


def accepts_and_check(plane, place, chance):
    """Acceptances and a check."""
    contract_in(place, BUDGETED)
    plane.work_s = 0.05
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
    judges = [KINDS[(number // side_by_side) % len(KINDS)] for number in range(cases)]
    in_lanes(tally, [(judge.__doc__.rstrip("."), judge) for judge in judges], side_by_side, planes.Plane)
    return tally


if __name__ == "__main__":
    asked = arguments(__doc__, 60)
    finished(run(asked.cases, asked.seed), asked)
