"""Recordings that are killed, and disks that fail: nothing received is lost, nothing is paid twice.

    python benchmarks/campaigns/crash.py --cases 200

Each case records four samples from a real worker (the `runpod` SDK) behind a plane on loopback, over an older cassette
in every second case, and is disturbed: SIGKILL at random moments; SIGKILL inside the nth fsync, rename, open or
write of the process (needs strace); a disk that is full, or turns read-only (a small tmpfs, needs root); a folder that
is removed. Then `--resume`. Judged: the old cassette byte for byte until the new one replaces it whole; every body
verified; every sample there; every sample at the plane once; no journal and no half-written file left; the key in no file.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

from campaign import Tally, arguments, finished, in_lanes
from stage import KEY, comfytape, contract_in, leftovers, planes

from comfytape_cassettes import Cassette
from comfytape_contracts.tape import Tape

SAMPLES = 4
SYSTEM_CALLS = {"fsync": 8, "rename": 4, "write": 12, "ftruncate": 2, "unlink": 3, "sendto": 10, "recvfrom": 20}
"""Calls that are died in, and how many of each a thread of a recording makes (strace counts by thread)."""


class Case:
    """One recording, from its first start to its last resume."""

    def __init__(self, plane, place, chance):
        self.plane, self.place, self.chance = plane, Path(place), chance
        self.folder = self.place / "cassettes" / "small"
        self.old = None
        self.lost = 0
        contract_in(self.place)

    def over_an_older_cassette(self, older):
        shutil.copytree(older, self.folder)
        self.old = (self.folder / "cassette.json").read_bytes()

    def start(self, *more, under=()):
        words = ["record", "small", "--samples", SAMPLES, "--concurrency", 2, *more]
        return comfytape(self.place, *words, plane_url=self.plane.url, under=under)

    @property
    def begun(self):
        return (self.folder / "journal.jsonl").exists()

    @property
    def finished(self):
        """Whether the disturbance came after the end."""
        index = self.folder / "cassette.json"
        return index.exists() and index.read_bytes() != self.old

    def resumed(self):
        """Continue to the end; returns (exit code, samples that are LOST, what was printed)."""
        if not self.begun and self.finished:
            return 0, 0, ""
        out = err = ""
        code = 0
        for _ in range(3):
            process = self.start(*(["--resume"] if self.begun else []))
            out, err = process.communicate(timeout=120)
            code = process.returncode
            if not self.begun:
                break
        return code, sum(": LOST" in line for line in out.splitlines()), out + err

    def holding_the_key(self):
        """Files with the endpoint's key in them: a journal that a crash leaves is as readable as a cassette."""
        files = [path for path in self.place.rglob("*") if path.is_file()]
        return [str(path.relative_to(self.place)) for path in files if KEY.encode() in path.read_bytes()]

    def fault_midway(self):
        """What is wrong right after the disturbance."""
        if held := self.holding_the_key():
            return f"the key is in {held}"
        index = self.folder / "cassette.json"
        if not index.exists():
            return "the old cassette is gone" if self.old else ""
        if index.read_bytes() != self.old:
            Cassette.open(self.folder).verify()  # a new one: it must be whole
        return ""

    def fault_at_the_end(self, *, anew=0):
        """What is wrong after the resume; ``anew`` samples may have been submitted again."""
        code, lost, printed = self.resumed()
        seeds = sorted(job["workflow"]["2"]["inputs"]["seed"] for job in self.plane.submissions)
        expected = list(range(7, 7 + SAMPLES))
        Cassette.open(self.folder).verify()
        done = [job.status for job in Tape(Cassette.open(self.folder)).jobs]
        if held := self.holding_the_key():
            return f"the key is in {held} after the resume"
        if "Traceback" in printed or KEY in printed:
            return f"a traceback or the key: {printed[-300:]}"
        if sorted(set(seeds)) != expected or len(seeds) > SAMPLES + anew:
            return f"submitted {seeds}"
        if done != ["COMPLETED"] * (SAMPLES - lost) or code not in ((3,) if lost else (0,)):
            return f"exit {code}, {lost} lost, {done}: {printed[-300:]}"
        self.lost = lost
        left = leftovers(self.folder)
        return f"left behind: {left}" if left else ""


def killed_at_a_moment(case):
    """One to three SIGKILLs at random times."""
    for number in range(case.chance.randint(1, 3)):
        process = case.start(*(["--resume"] if number and case.begun else []))
        try:
            process.wait(case.chance.uniform(0.3, 2.2))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        if fault := case.fault_midway():
            return fault
        if not case.begun:
            break
    return case.fault_at_the_end()


def killed_in_a_system_call(case):
    """SIGKILL inside a system call: inside writes, at renames, between a submission and its answer."""
    call = case.chance.choice(list(SYSTEM_CALLS))
    nth = case.chance.randint(1, SYSTEM_CALLS[call])
    strace = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:signal=KILL:when={nth}",
    ]
    case.start(under=strace).communicate(timeout=120)
    return case.fault_midway() or case.fault_at_the_end()


def mounted(case, size):
    case.folder.parent.mkdir(parents=True, exist_ok=True)
    older = tempfile.mkdtemp()
    if case.folder.exists():
        shutil.copytree(case.folder, older, dirs_exist_ok=True)
        shutil.rmtree(case.folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", case.folder.parent], check=True)
    if case.old:
        shutil.copytree(older, case.folder)
    shutil.rmtree(older)


def disturbed_disk(case, size, disturb):
    """Record onto a small file system, disturb it, heal it, resume."""
    mounted(case, size)
    mount = str(case.folder.parent)
    try:
        process = case.start()
        disturb(mount)
        out, err = process.communicate(timeout=120)
        if process.returncode not in (0, 2) or "Traceback" in out + err:
            return f"exit {process.returncode} on a disturbed disk: {(out + err)[-300:]}"
        if process.returncode and "Error" not in err and "error" not in err:
            return f"nothing said about the disk: {err[-300:]}"
        subprocess.run(["mount", "-o", "remount,rw,size=50m", mount], check=True)
        # Jobs whose answers could not be written were cancelled: only such samples may be submitted anew.
        cancelled = case.plane.count("CANCELLED")
        return case.fault_midway() or case.fault_at_the_end(
            anew=max(cancelled, SAMPLES if not case.begun else cancelled)
        )
    finally:
        subprocess.run(["umount", "-l", mount], check=True)


def full_disk(case):
    """No space left, at a size between nothing and all that is needed."""
    size = case.chance.choice((8, 16, 24, 32, 40, 48)) + (60 if case.old else 0)
    return disturbed_disk(case, size, lambda _mount: None)


def read_only_disk(case):
    """The file system turns read-only, as a failing disk's does."""

    def turn(mount):
        time.sleep(case.chance.uniform(0.8, 2.0))
        subprocess.run(["mount", "-o", "remount,ro", mount], check=False, capture_output=True)

    return disturbed_disk(case, 2000, turn)


def removed_folder(case):
    """Somebody deletes the folder: said in words, jobs not left running, and a new recording works."""
    process = case.start()
    time.sleep(case.chance.uniform(0.7, 2.0))
    shutil.rmtree(case.folder, ignore_errors=True)
    out, err = process.communicate(timeout=120)
    if "Traceback" in out + err or process.returncode not in (0, 2):
        return f"exit {process.returncode} after the folder went: {(out + err)[-300:]}"
    if case.plane.count("IN_QUEUE", "IN_PROGRESS"):
        return "jobs left running"
    case.old = None
    return case.fault_at_the_end(anew=SAMPLES)


def kinds():
    """What this machine can do, with the weight of each."""
    able = [(killed_at_a_moment, 10), (removed_folder, 2)]
    if shutil.which("strace"):
        able.append((killed_in_a_system_call, 8))
    if os.geteuid() == 0 and subprocess.run(["mount", "--help"], capture_output=True, check=False).returncode == 0:
        able += [(full_disk, 3), (read_only_disk, 2)]
    return able


def an_older_cassette(place):
    """What a recording without disturbance leaves in ``place``, for others to record over."""
    plane = planes.Plane(workers=1).start()
    case = Case(plane, place, random.Random())
    case.start().communicate(timeout=120)
    plane.stop()
    return case.folder


def run(cases, seed, side_by_side=2):
    tally = Tally("crash", seed)
    able = kinds()
    chosen = random.Random(seed).choices([kind for kind, _ in able], [weight for _, weight in able], k=cases)
    chosen[: len(able)] = [kind for kind, _ in able][:cases]  # each at least once
    lost = []
    with tempfile.TemporaryDirectory() as base:
        older = an_older_cassette(base)

        def judged(disturb, number, plane, place, chance):
            case = Case(plane, place, chance)
            if number % 4 >= 2:
                case.over_an_older_cassette(older)
            wrong = disturb(case)
            lost.append(case.lost)
            return wrong

        named = [
            (disturb.__doc__.partition(":")[0].partition(".")[0].partition(",")[0], partial(judged, disturb, number))
            for number, disturb in enumerate(chosen)
        ]
        in_lanes(tally, named, side_by_side, lambda: planes.Plane(workers=1))
    tally.figures["samples LOST in the window between submission and answer (never submitted twice)"] = sum(lost)
    return tally


if __name__ == "__main__":
    asked = arguments(__doc__, 200)
    finished(run(asked.cases, asked.seed), asked)
