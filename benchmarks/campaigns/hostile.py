"""Files made to hurt: no traceback, no hang, bounded memory, nothing run, nothing touched outside the folder.

    python benchmarks/campaigns/hostile.py --cases 100000 --seconds 600
    python benchmarks/campaigns/hostile.py --cases 1 --first 4711 --kind contract      # one case again
    python benchmarks/campaigns/hostile.py --layer readers --cases 100000              # the readers alone

``--cases`` is for each kind, ``--seconds`` bounds each kind. ``--layer readers`` takes the kinds of hostile_readers.py: the
function that reads a format, on files of a few kilobytes, up to two thousand times a second. A case damages one file of a small project (a recording, its
contract, a HAR, a suite, a history, …; see mutations.py) and runs what reads it: the command through click, or the
function below it. Cases run in worker processes with an address space of 1 GB above what Python and the imports take.
Judged: any exception but ``ComfytapeError`` and exits 0–5; more than 10 s of CPU or a minute in all; MemoryError; a
process, a connection, a name of code from YAML; a write outside the folder, a read of the canary beside it.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from campaign import Tally, arguments, finished
from hostile_kinds import KINDS
from hostile_project import staged
from hostile_readers import READERS
from hostile_seeds import staged_small
from mutations import HARMLESS

from comfytape_cassettes.errors import ComfytapeError

MEMORY = 1 << 30
CPU_S = 10.0
WALL_S = 60.0
LINKS = ("link to the canary", "link to a folder", "link to itself", "link to nothing", "a folder", "nothing there")
WATCHED = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "ctypes.dlopen"}
)
LAYERS = {"commands": (KINDS, staged), "readers": (READERS, staged_small)}


class Misdeed(BaseException):
    """Something that no input may bring about; not an ``Exception``, so that nobody swallows it."""


class Guard:
    """Hears of what the process does; ``place`` is the only folder that may be touched while it watches."""

    def __init__(self):
        self.place = self.canary = ""
        self.said = ""
        self.on = False
        sys.addaudithook(self.heard)

    def heard(self, event, details):
        if not self.on:
            return
        if event in WATCHED:
            self.said = self.said or f"{event} {details!r:.200}"
        elif event == "open" and isinstance(details[0], str | bytes):
            name = os.fsdecode(details[0])
            writes = isinstance(details[2], int) and details[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            if writes or not name.startswith("/usr/"):
                # The event comes before the kernel's answer: a link that may not be followed is no way out.
                stays = isinstance(details[2], int) and details[2] & getattr(os, "O_NOFOLLOW", 0)
                self.judge(name, "written" if writes else "", leaf=bool(stays))
        elif event in (
            "os.remove",
            "os.rename",
            "os.mkdir",
            "os.rmdir",
            "os.symlink",
            "os.link",
            "os.truncate",
            "os.chmod",
        ):
            for name in details[:2] if event in ("os.rename", "os.link") else details[:1]:
                if isinstance(name, str | bytes):
                    self.judge(os.fsdecode(name), event, leaf=True)

    def judge(self, name, verb, *, leaf=False):
        self.on = False
        head, tail = os.path.split(name)
        real = f"{os.path.realpath(head)}/{tail}" if leaf else os.path.realpath(name)
        self.on = True
        if real == self.canary:
            self.said = self.said or f"the canary was {verb or 'read'}"
        elif verb and not real.startswith(self.place + "/") and real not in (self.place, "/dev/null"):
            self.said = self.said or f"{verb}: {real}"

    @contextlib.contextmanager
    def watching(self, place, canary):
        self.place, self.canary, self.said = str(place), str(canary), ""
        self.on = True
        try:
            yield
        finally:
            self.on = False


def too_long(signum, _frame):
    raise Misdeed(f"over {CPU_S:g} s of CPU" if signum == signal.SIGPROF else f"over {WALL_S:g} s")


@contextlib.contextmanager
def limited():
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    signal.setitimer(signal.ITIMER_REAL, WALL_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def linked(file, place, chance):
    """Put something else where a file was."""
    file.unlink()
    match chance.choice(LINKS):
        case "link to the canary":
            file.symlink_to(os.path.relpath(place.parent / "canary", file.parent))
            return True
        case "link to a folder":
            file.symlink_to("..")
        case "link to itself":
            file.symlink_to(file.name)
        case "link to nothing":
            file.symlink_to("nothing-is-here")
        case "a folder":
            file.mkdir()
    return False


def one_case(kind, place, number, guard):
    """Damage, run, judge; what is wrong, "" where all is well. The place is put back as it was."""
    chance = random.Random(f"{kind.name} {number}")
    file = place / kind.pick(place, chance)
    kept = file.read_bytes()
    canary = place.parent / "canary"
    shown = True
    wrong = ""
    try:
        if chance.random() < kind.links:
            shown = not linked(file, place, chance) or kind.inside
        else:
            kind.damage(place, file, kept, chance)
        with guard.watching(place, canary if shown else "/none"):
            try:
                with limited():
                    kind.run(place, chance)
            except ComfytapeError:
                pass
            except Misdeed as error:
                wrong = f"{error}\n{traceback.format_exc()[-1500:]}"
            except (Exception, SystemExit) as error:
                wrong = f"{type(error).__name__}: {str(error)[:200]}\n{where(error)}"
        wrong = wrong or guard.said
        if (place / HARMLESS).exists() or Path(HARMLESS).exists():
            wrong = "code from a file was run"
    finally:
        restore(place, file, kept, kind)
    return wrong


def where(error):
    """The last frames, ours marked by their path."""
    frames = traceback.extract_tb(error.__traceback__)
    return "\n".join(
        f"  {frame.filename.split('site-packages/')[-1]}:{frame.lineno} {frame.name}" for frame in frames[-9:]
    )


def restore(place, file, kept, kind):
    if file.is_symlink() or not file.is_dir():
        file.unlink(missing_ok=True)
    else:
        shutil.rmtree(file)
    file.write_bytes(kept)
    for extra in kind.leaves:
        path = place / extra
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    kind.repair(place)


def prepared():
    """Bound the memory of this process, and have its timers heard."""
    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, too_long)
    sizes = Path("/proc/self/statm").read_text().split()
    resource.setrlimit(resource.RLIMIT_AS, (int(sizes[0]) * resource.getpagesize() + MEMORY,) * 2)


def worker(kind, template, numbers, seconds, current, sink):
    """Cases ``numbers`` of one kind, in a process with bounded memory; counts and faults go to ``sink``."""
    sys.dont_write_bytecode = True
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    place = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)) / "project"
    try:
        shutil.copytree(template, place)
        (place.parent / "canary").write_text("canary: 1\n")
        os.chdir(place)
        for warm in range(3):  # imports happen before memory is bounded
            with contextlib.suppress(ComfytapeError):
                kind.run(place, random.Random(warm))
            kind.repair(place)
        prepared()
        guard = Guard()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ends = time.monotonic() + seconds
        done, slowest = 0, 0.0
        for number in numbers:
            current.value = number
            began = time.process_time()
            wrong = one_case(kind, place, number, guard)
            took = time.process_time() - began
            slowest = max(slowest, took)
            done += 1
            if wrong:
                sink.put(("fault", number, wrong))
            if time.monotonic() > ends:
                break
        sink.put(("done", done, slowest, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))
    except BaseException as error:
        sink.put(("fault", current.value, f"of the campaign itself: {error!r:.300}\n{where(error)}"))
        raise
    finally:
        os.chdir("/")
        shutil.rmtree(place.parent, ignore_errors=True)


def run_kind(tally, kind, template, numbers, seconds, lanes):
    """All cases of a kind, side by side; a worker that dies is a fault, and its numbers go on after it."""
    context = multiprocessing.get_context("fork")
    sink = context.Queue()
    waiting = [range(numbers.start + lane, numbers.stop, lanes) for lane in range(lanes)]
    signatures = Counter()
    done, slowest, grown = 0, 0.0, 0.0
    ends = time.monotonic() + seconds
    running = []
    while waiting or running:
        while waiting:
            part = waiting.pop()
            current = context.Value(ctypes.c_longlong, -1)
            process = context.Process(
                target=worker, args=(kind, template, part, max(1.0, ends - time.monotonic()), current, sink)
            )
            process.start()
            running.append([process, part, current])
        time.sleep(0.05)
        for entry in list(running):
            process, part, current = entry
            if process.is_alive():
                continue
            running.remove(entry)
            if process.exitcode:
                number = current.value
                tell(kind, number, f"the process ended with {process.exitcode}", signatures)
                rest = range(number + part.step, part.stop, part.step)
                done += 1
                if number >= 0 and rest and time.monotonic() < ends:
                    waiting.append(rest)
        while not sink.empty():
            what, *facts = sink.get()
            if what == "fault":
                tell(kind, *facts, signatures)
            else:
                done, slowest, grown = done + facts[0], max(slowest, facts[1]), max(grown, facts[2])
    tally.cases[kind.name] += done
    rate = done / max(0.001, time.monotonic() - ends + seconds)
    tally.figures[kind.name] = {
        "a_second": round(rate), "slowest_cpu_s": round(slowest, 2), "memory_grew_by_mb": round(grown),
    }  # fmt: skip
    for signature, number in signatures.items():
        tally.faults.append(f"{kind.name}: {number} × {signature}")


def tell(kind, number, wrong, signatures):
    """Count a fault by its first and last line; print the first of each."""
    lines = wrong.splitlines()
    signature = f"{lines[0][:120]} @ {' < '.join(line.strip() for line in lines[:0:-1][:3])}"
    key = signature.partition(": ")[0] + " @ " + signature.rpartition(" @ ")[2]
    signatures[key] += 1
    if signatures[key] == 1:
        print(f"FAULT {kind.name} case {number}: {wrong}\n", file=sys.stderr, flush=True)


def run(cases, seed, *, seconds=600.0, lanes=2, only=(), first=0, layer="commands"):
    """``cases`` of each kind; ``seed`` moves the numbers, so that another seed gives other cases."""
    kinds, stage = LAYERS[layer]
    tally = Tally(f"hostile {layer}", seed)
    begin = first or seed * 10_000_000
    with tempfile.TemporaryDirectory() as top:
        template = Path(top) / "project"
        stage(template)
        for kind in kinds:
            if not only or kind.name in only:
                run_kind(tally, kind, template, range(begin, begin + cases), seconds, lanes)
    return tally


if __name__ == "__main__":
    asked = arguments(__doc__, 2000, seconds=600, lanes=2, kind="", first=0, layer="commands")
    finished(
        run(asked.cases, asked.seed, seconds=asked.seconds, lanes=asked.lanes, first=asked.first,
            layer=asked.layer, only=tuple(filter(None, asked.kind.split(",")))),
        asked,
    )  # fmt: skip
