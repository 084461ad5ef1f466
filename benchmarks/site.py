"""How long ``comfytape report`` takes, on a month of recordings made from the shipped one. No time here is a GPU's.

What is done: z-image-danrisi is replayed with scenarios, and recorded again from the replay by ``comfytape record``,
once for each kind of day. Each day of the month is one of those recordings with its own date, id and endpoint; the
times that RunPod's answers state are multiplied by that day's factor. So there are slow days, failed days, days on
which RES4LYF does not load, and a second endpoint that is slower. Run it with a folder to look at the site::

    python benchmarks/site.py FOLDER [RECORDINGS]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from comfytape import Cassette, ReplayServer
from comfytape_cassettes import Body
from comfytape_cassettes.recording import Recording

ROOT = Path(__file__).resolve().parent.parent
NAME = "z-image-danrisi"
BEGAN = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)
NOTE = "Made from a replay with scenarios for showing a history: times are multiplied, nothing here is a GPU's."
KINDS = {
    "plain": None,
    "cold": "cold-start",
    "oom": "failed-oom",
    "crash": "worker-crash",
    "pack": "pack-import-failed",
}


def day_of(number):
    """Kind, factor of the times, and endpoint of a day."""
    kind = {8: "pack", 9: "pack", 10: "pack", 14: "cold", 17: "crash", 21: "oom", 25: "cold"}.get(number % 30, "plain")
    drifted = 1.25 if number % 30 >= 18 else 1.0
    endpoint = "z-image-us" if number % 5 == 4 else "z-image-eu"
    return kind, drifted * (1 + 0.04 * ((number * 7) % 5)) * (1.3 if endpoint == "z-image-us" else 0.7), endpoint


def record(kind, into):
    """One kind of day, recorded from a replay by the command that users run."""
    with ReplayServer(ROOT / "cassettes" / NAME, scenario=KINDS[kind]) as server:
        known = {
            "RUNPOD_ENDPOINT_BASE_URL": f"{server.url}/v2", "RUNPOD_ENDPOINT_COMFYUI": "ENDPOINT",
            "RUNPOD_API_KEY": "not-a-key", "COMFYUI_URL": server.url,
        }  # fmt: skip
        command = [sys.executable, "-m", "comfytape", "record", NAME, "--into", str(into / kind)]
        subprocess.run(command, cwd=ROOT, env=os.environ | known, capture_output=True, check=False)
    return Cassette.open(into / kind / NAME)


def on_a_day(source, number, folder):
    """That recording as if it were made on a day at an endpoint."""
    _, factor, endpoint = day_of(number)
    moment = BEGAN + timedelta(days=number)
    made = Recording.start(
        folder / f"{moment:%Y-%m-%d}",
        plane=source.provenance.plane,
        recorded_at=moment.isoformat(timespec="milliseconds"),
        contract=NAME,
        notes=[NOTE],
        recording=f"{number:032x}",
        source=endpoint,
    )
    try:
        for exchange in source.exchanges:
            request = replace(exchange.request, url=exchange.request.url.replace("/ENDPOINT/", f"/{endpoint}/"))
            made.add(replace(exchange, request=request, response=scaled(exchange.response, factor)))
        made.finish()
    finally:
        made.close()


def scaled(response, factor):
    """An answer of RunPod's with its times multiplied; any other as it is."""
    content = response.content()
    if b'"executionTime"' not in content and b'"delayTime"' not in content:
        return response
    said = json.loads(content)
    for name in ("executionTime", "delayTime"):
        if isinstance(said.get(name), int):
            said[name] = round(said[name] * factor)
    return replace(response, body=Body.of(json.dumps(said).encode()))


def make(folder, count):
    """The recordings."""
    with tempfile.TemporaryDirectory() as temporary:
        kinds = {kind: record(kind, Path(temporary)) for kind in KINDS}
        for number in range(count):
            on_a_day(kinds[day_of(number)[0]], number, folder)


def main(folder, count="30"):
    """Make them, build the site twice, ask since when; print the processor seconds of each."""
    recordings = Path(folder) / "recordings"
    if not recordings.exists():
        timed(f"{count} recordings made", lambda: make(recordings, int(count)))
    cassettes = sorted(str(path) for path in recordings.iterdir())
    site = ["report", *cassettes, "--html", str(Path(folder) / "site")]
    timed("the site, first time", lambda: comfytape(*site))
    timed("the site, nothing new", lambda: comfytape(*site))
    timed("since when, from the recordings", lambda: comfytape("report", *cassettes, "--since", "pack-removed"))


def comfytape(*arguments):
    """Run the command, show the end of what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "comfytape", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    print("\n".join((done.stdout + done.stderr).splitlines()[-6:]))


def timed(what, act):
    """Say what it took of the processor, in this process and in those that it started."""
    began = spent()
    act()
    print(f"{what}: {spent() - began:.1f} CPU s\n", flush=True)


def spent():
    """Processor seconds so far."""
    return sum(
        use.ru_utime + use.ru_stime for use in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("recordings", nargs="?", default="30")
    main(*vars(parser.parse_args()).values())
