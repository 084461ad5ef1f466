"""Paid jobs: whatever ends a recording, no job runs on unseen, none is paid twice, the budget holds.

    python benchmarks/campaigns/paid.py --cases 100

Ctrl-C once, twice, SIGTERM, SIGKILL with `--resume`, jobs that outlive their time-out, /run answers that are lost, and budgets.
Judged at the plane: what was submitted is finished or cancelled (after a second Ctrl-C: named with its id); every job
that was started is listed at the end with its last known state; no sample twice; the budget exceeded by one job at most.
"""

from __future__ import annotations

import re
import signal
import time

from campaign import Tally, arguments, finished, in_lanes
from stage import CONTRACT, comfytape, contract_in, planes

WITHIN_S = 120


def seeds(plane):
    return [job["workflow"]["2"]["inputs"]["seed"] for job in plane.submissions]


def until(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)


def unlisted(plane, printed):
    """Jobs that were submitted and that the last words do not account for."""
    named = set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}-u1", printed))
    return [job.id for job in plane.jobs.values() if job.status not in planes.FINAL and job.id not in named]


def started(case, *more, work_s=30.0, contract=CONTRACT, samples=4):
    plane, place, _ = case
    plane.work_s, plane.slots = work_s, 2
    contract_in(place, contract)
    return comfytape(place, "record", "small", "--samples", samples, "--concurrency", 3, *more, plane_url=plane.url)


def interrupted(case, *signals):
    """Send signals at a random moment after the first submission."""
    plane, _, chance = case
    process = started(case, work_s=chance.choice((0.1, 30.0)))
    until(lambda: plane.jobs or process.poll() is not None)
    time.sleep(chance.uniform(0, 0.6))
    for each in signals:
        process.send_signal(each)
        time.sleep(chance.uniform(0, 0.3))
    out, err = process.communicate(timeout=WITHIN_S)
    # A signal that comes while Python takes itself down, after the last word was said, ends it as a signal does.
    late = process.returncode in (-signal.SIGINT, -signal.SIGTERM) and ("samples" in out or "interrupted" in out)
    if "Traceback" in out + err or not (late or process.returncode in (0, 130)):
        return f"exit {process.returncode}: {(err + out)[-300:]}"
    if len(seeds(plane)) != len(set(seeds(plane))):
        return f"submitted {seeds(plane)}"
    left = unlisted(plane, out + err)
    return f"running on unseen: {left}: {(out + err)[-300:]}" if left else ""


def ctrl_c(case):
    """Ctrl-C."""
    wrong = interrupted(case, signal.SIGINT)
    running = case[0].count("IN_QUEUE", "IN_PROGRESS")
    return wrong or (f"{running} jobs not cancelled" if running else "")


def ctrl_c_twice(case):
    """Ctrl-C twice."""
    return interrupted(case, signal.SIGINT, signal.SIGINT)


def sigterm(case):
    """SIGTERM."""
    wrong = interrupted(case, signal.SIGTERM)
    running = case[0].count("IN_QUEUE", "IN_PROGRESS")
    return wrong or (f"{running} jobs not cancelled" if running else "")


def crash_and_resume(case):
    """SIGKILL, then --resume."""
    plane, _, chance = case
    process = started(case, work_s=0.3)
    until(lambda: plane.jobs or process.poll() is not None)
    time.sleep(chance.uniform(0, 0.8))
    process.kill()
    process.communicate()
    journal = case[1] / "cassettes" / "small" / "journal.jsonl"
    if not journal.exists() and (journal.parent / "cassette.json").exists():
        return ""  # it was quicker than the killer
    out, err = started(case, *(["--resume"] if journal.exists() else []), work_s=0.05).communicate(timeout=WITHIN_S)
    double = len(seeds(plane)) - len(set(seeds(plane)))
    return f"{double} samples twice: {(out + err)[-300:]}" if double else ""


def outlives_its_time(case):
    """A job that outlives its time-out."""
    short = CONTRACT.replace("timeout_s: 20", "timeout_s: 1")
    out, err = started(case, contract=short, samples=2).communicate(timeout=WITHIN_S)
    running = case[0].count("IN_QUEUE", "IN_PROGRESS")
    return f"{running} jobs not cancelled: {(out + err)[-300:]}" if running else ""


def lost_answer(case):
    """A /run whose answer is lost."""
    plane, _, chance = case
    plane.fault("run", times=chance.randint(1, 2), after=True, close=chance.random() < 0.5, status=502, body="<html>")
    out, err = started(case, work_s=0.05).communicate(timeout=WITHIN_S)
    double = len(seeds(plane)) - len(set(seeds(plane)))
    return f"{double} samples twice: {(out + err)[-300:]}" if double else ""


def budget(case):
    """A budget: exceeded by one job at most."""
    plane, _, chance = case
    limit = chance.uniform(0.3, 2.5)  # at 1 USD a second
    work = chance.choice((0.2, 0.4))
    process = started(case, "--budget", f"{limit:.2f}", work_s=work, samples=8)
    out, err = process.communicate(timeout=WITHIN_S)
    spent = sum(job.ended - job.started for job in plane.jobs.values() if job.ended)
    one = work + 0.2
    if "Traceback" in out + err:
        return out + err
    return f"{spent:.2f} USD of {limit:.2f}: {(out + err)[-300:]}" if spent > limit + one else ""


KINDS = (ctrl_c, ctrl_c_twice, sigterm, crash_and_resume, outlives_its_time, lost_answer, budget)


def run(cases, seed, side_by_side=2):
    tally = Tally("paid jobs", seed)
    chosen = []
    for number in range(cases):
        judge = KINDS[(number // side_by_side) % len(KINDS)]
        chosen.append((judge.__doc__.partition(":")[0].rstrip("."), lambda *case, judge=judge: judge(case)))
    in_lanes(tally, chosen, side_by_side, planes.Plane)
    return tally


if __name__ == "__main__":
    asked = arguments(__doc__, 100)
    finished(run(asked.cases, asked.seed), asked)
