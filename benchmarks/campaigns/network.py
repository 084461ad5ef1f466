"""A bad network between the recorder and the endpoint: the right verdict, no hang, no key sent elsewhere.

    python benchmarks/campaigns/network.py --cases 300

Each case runs `record` or `doctor` through a proxy on loopback that lets a few requests pass and spoils others on their
way back: resets, stalls, cuts, drips, duplicates, HTML, wrong lengths and encodings, a gzip bomb, redirects to another
host, 100 Continue, brotli, endless headers, garbage, deep and huge JSON, certificates that are expired, not yet valid, of
an unknown authority or for another host. Judged: no traceback; no sample submitted twice; what is called COMPLETED holds the
very picture that the endpoint made; a sample without a result is said; nothing reaches another host, and nothing at all a
server whose certificate is wrong; the tool ends in time.
"""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
from functools import partial
from pathlib import Path

from campaign import Tally, arguments, finished, in_lanes
from certificates import FAULTS, REFUSED, certified
from faulty import Spoiled
from stage import KEY, comfytape, contract_in, output_of, planes

from comfytape_cassettes import Cassette
from comfytape_contracts.tape import Tape

QUICK = (
    "reset", "reset-midway", "close", "truncate", "drip", "duplicate", "html-200", "html-502", "429", "short-length",
    "long-length", "wrong-encoding", "brotli", "bomb", "redirect", "moved", "continue", "garbage", "empty-200", "deep-json",
    "huge-number", "many-headers", "unsent-reset", "unsent-close", *FAULTS,
)  # fmt: skip
SLOW = ("stall", "silence", "drip-forever", "slow-headers")
RECORD_WITHIN_S = 150.0
DEADLINE_S = 5.0
"""What `doctor` promises; the start of Python is measured beside it, since several cases share the machine."""


def planned(fault, chance):
    """A plan: the fault for about a third of the requests of one or all operations, and never for more than six."""
    target = chance.choice(["run", "status", "health", ""])
    lock, left = threading.Lock(), [chance.randint(1, 6)]

    def plan(operation):
        with lock:
            if left[0] and target in ("", operation) and chance.random() < 0.5:
                left[0] -= 1
                return fault
        return ""

    return plan


def behind(fault, plane, place, plan):
    """The proxy of a case, running, and the variables that its clients need."""
    if fault not in FAULTS:
        return Spoiled(plane.url, plan).start(), {}
    context, authority = certified(place, fault)
    return Spoiled(plane.url, lambda _operation: "", context).start(), {"REQUESTS_CA_BUNDLE": str(authority)}


def refused_truly(fault, proxy, code, printed):
    """Whether a wrong certificate was refused before anything was sent, and said."""
    if proxy.done:
        return f"{len(proxy.done)} requests reached a server whose certificate is wrong ({fault})"
    return "" if code in (2, 3) and "TLS" in printed else f"exit {code} without a word on TLS: {printed[-400:]}"


def record_through(fault, plane, place, chance):
    """`record` of three samples; what is wrong with how it went."""
    proxy, known = behind(fault, plane, place, planned(fault, chance))
    contract_in(place)
    began = time.monotonic()
    process = comfytape(place, "record", "small", "--samples", 3, "--concurrency", 3, plane_url=proxy.url, **known)
    try:
        out, err = process.communicate(timeout=RECORD_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return f"it hung for {RECORD_WITHIN_S:g} s: {process.communicate()[0][-300:]}"
    finally:
        proxy.stop()
    seeds = [job["workflow"]["2"]["inputs"]["seed"] for job in plane.submissions]
    printed = out + err
    if proxy.strangers:
        return f"{len(proxy.strangers)} requests reached another host: {proxy.strangers[0][:200]!r}"
    if "Traceback" in printed or KEY in printed or process.returncode not in (0, 1, 2, 3):
        return f"exit {process.returncode} after {time.monotonic() - began:.0f} s: {printed[-400:]}"
    if fault in REFUSED:
        return refused_truly(fault, proxy, process.returncode, printed)
    if len(seeds) != len(set(seeds)):
        return f"submitted twice: {seeds}"
    return told_truly(place, plane, process.returncode, printed)


def told_truly(place, plane, code, printed):
    """Whether the cassette holds what the endpoint made, and says what is missing."""
    folder = Path(place) / "cassettes" / "small"
    if not (folder / "cassette.json").exists():
        return "" if code else "exit 0 without a cassette"
    Cassette.open(folder).verify()
    made = {job.id: job.output for job in plane.jobs.values()}
    done = [job for job in Tape(Cassette.open(folder)).jobs if job.status == "COMPLETED"]
    for job in done:
        if output_of(job) != made[job.id]:
            return f"{job.id} holds another output than the endpoint made"
    if code == 0 and len(done) != 3:
        return f"exit 0 with {len(done)} of 3 samples: {printed[-300:]}"
    return ""


def doctor_through(fault, plane, place, chance):
    """`doctor --json`; what is wrong with how it went."""
    proxy, known = behind(fault, plane, place, lambda _operation: fault if chance.random() < 0.7 else "")
    contract_in(place)
    began = time.monotonic()
    process = comfytape(place, "doctor", "small", "--json", plane_url=proxy.url, **known)
    try:
        out, err = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        return "it hung for 30 s"
    finally:
        proxy.stop()
    took = time.monotonic() - began
    if proxy.strangers:
        return f"{len(proxy.strangers)} requests reached another host: {proxy.strangers[0][:200]!r}"
    if "Traceback" in out + err or KEY in out + err or process.returncode not in (0, 1, 2, 3):
        return f"exit {process.returncode}: {(out + err)[-400:]}"
    if fault in REFUSED:
        return refused_truly(fault, proxy, process.returncode, out + err)
    if out and json.loads(out)["verdict"] == "pass" and any(entry[1] for entry in proxy.done if entry[0] == "health"):
        spoiled = [entry[1] for entry in proxy.done if entry[0] == "health"]
        if all(spoiled) and not set(spoiled) <= {"drip", "continue", "duplicate"}:
            return f"green although every /health was spoiled ({fault})"
    began = time.monotonic()
    comfytape(place, "doctor", "--help").communicate()
    start = time.monotonic() - began
    return f"{took:.1f} s, of which about {start:.1f} s to start" if took > DEADLINE_S + 2 * start + 1 else ""


def run(cases, seed, *, slow=True, side_by_side=3):
    tally = Tally("network", seed)
    faults = QUICK + (SLOW if slow else ())
    plan = random.Random(seed)
    chosen = []
    for number in range(cases):
        fault, judge = faults[number % len(faults)], record_through if plan.random() < 0.6 else doctor_through
        if fault in SLOW and judge is record_through and number % 3:
            judge = doctor_through  # a stall costs `record` its whole read limit: a few will do
        chosen.append((f"{judge.__name__.partition('_')[0]} {fault}", partial(judge, fault)))
    in_lanes(tally, chosen, side_by_side, planes.Plane)
    return tally


if __name__ == "__main__":
    asked = arguments(__doc__, 300)
    finished(run(asked.cases, asked.seed), asked)
