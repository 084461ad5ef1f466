"""A cassette of 10,000 exchanges and 2 GB of bodies: time and memory in proportion to what is asked for.

    python benchmarks/campaigns/scale.py --exchanges 10000 --megabytes 2000 --plot docs/scale.svg

Made through the recorder's own Recording from a recorded job: every job a result of its own with a PNG of incompressible
noise, so that no two bodies are equal. Measured at a tenth, a third and all of the size, each step in a process of its
own: open, one body, check, compare with itself, serve the first and the last job, report. Judged: opening does not read bodies; what reads
all of them grows no faster than they do (half over linear, for noise); memory stays under 1 GB.
"""

from __future__ import annotations

import base64
import json
import math
import multiprocessing
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pygal
from campaign import Tally, arguments, finished
from pygal.style import LightSolarizedStyle
from stage import WORKFLOW, contract_in

from comfytape_cassettes import Body, Exchange, Headers, Request, Response
from comfytape_cassettes.recording import Recording

SERVE = """
import json, urllib.request
from comfytape import ReplayServer
def ask(path, body=None):
    return json.loads(urllib.request.urlopen(server.url + path, body).read())
with ReplayServer(PATH) as server:
    for seed in (0, LAST):
        job = ask('/v2/e/run', json.dumps({'input': {'workflow': WORKFLOW(seed)}}).encode())['id']
        while (said := ask('/v2/e/status/' + job))['status'] != 'COMPLETED':
            pass
        assert said['output']['images'][0]['data']
"""
COMPARE = """
from click.testing import CliRunner
from comfytape.cli.main import cli
done = CliRunner().invoke(cli, ['check', CONTRACT, '--cassette', PATH, '--against', PATH, '--json'])
assert done.exit_code in (0, 1, 3, 5), done.output
"""
REPORT = """
from click.testing import CliRunner
from comfytape.cli.main import cli
done = CliRunner().invoke(cli, ['check', CONTRACT, '--cassette', PATH, '--report', 'html=' + PATH + '.html'])
assert done.exit_code in (0, 1, 3, 5), done.output
"""
STEPS = {
    "open": "from comfytape import Cassette; c = Cassette.open(PATH); assert len(c.exchanges) > 0",
    "one body": "from comfytape import Cassette; c = Cassette.open(PATH); assert c.exchanges[-1].response.body.raw()",
    "check": "from comfytape import Cassette, Contract, check; check(Contract.load(CONTRACT), Cassette.open(PATH))",
    "compare": COMPARE,
    "serve": SERVE,
    "report": REPORT,
}
MEMORY_LIMIT = 1 << 30


def workflow(seed):
    return json.loads(json.dumps(WORKFLOW).replace('"seed": 7', f'"seed": {seed}'))


def png(chance, size):
    """A PNG of about ``size`` incompressible bytes, whole enough for Pillow: 8-bit greyscale noise."""
    side = max(int(size**0.5), 8)
    rows = b"".join(b"\0" + chance.randbytes(side) for _ in range(side))

    def chunk(name, data):
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


def made(path, exchanges, megabytes, chance):
    """Record jobs of four exchanges each: /run, two polls, the result. How many, in what CPU seconds, at what peak in MB."""
    jobs = exchanges // 4
    size = (megabytes << 20) // jobs
    recording = Recording.start(path, plane="loopback", source="http://127.0.0.1:9/v2/e", contract="small")
    clock = 0.0
    for number in range(jobs):
        job = f"{number:08x}-0000-4000-8000-000000000000-u1"
        picture = base64.b64encode(png(chance, size)).decode()
        output = {"images": [{"filename": f"s_{number:05}_.png", "type": "base64", "data": picture}]}
        timed = {"delayTime": 100, "executionTime": 2000, "workerId": "w1"}
        said = [
            ("POST", "run", {"id": job, "status": "IN_QUEUE"}, {"input": {"workflow": workflow(number)}}),
            ("GET", f"status/{job}", {"id": job, "status": "IN_QUEUE"}, None),
            ("GET", f"status/{job}", {"id": job, "status": "IN_PROGRESS", "delayTime": 100, "workerId": "w1"}, None),
            ("GET", f"status/{job}", {"id": job, "status": "COMPLETED", "output": output, **timed}, None),
        ]
        for method, route, answer, body in said:
            sent = Body.of(json.dumps(body).encode() if body else b"")
            kind = Headers((("Content-Type", "application/json"),))
            request = Request(method, f"http://127.0.0.1:9/v2/e/{route}", kind, sent)
            clock += 700.0
            recording.add(
                Exchange(request, Response(200, "OK", kind, Body.of(json.dumps(answer).encode())), ((clock, 3.0),))
            )
    recording.finish()
    recording.close()
    used = resource.getrusage(resource.RUSAGE_SELF)
    return jobs, round(used.ru_utime + used.ru_stime, 1), used.ru_maxrss >> 10


def measured(step, path, jobs, contract):
    """(seconds of CPU, peak MB, error) of one step in a process of its own."""
    words = (
        STEPS[step]
        .replace("PATH", repr(str(path)))
        .replace("CONTRACT", repr(str(contract)))
        .replace("LAST", str(jobs - 1))
    )
    words = words.replace(
        "WORKFLOW(seed)", "json.loads(" + repr(json.dumps(WORKFLOW)) + ".replace('\"seed\": 7', f'\"seed\": {seed}'))"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", "import resource\n" + words + "\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode:
        return seconds, 0, done.stderr[-300:]
    return seconds, int(done.stdout.split()[-1]) >> 10, ""


def run(exchanges, megabytes, seed):
    """The tally, and CPU seconds and peak memory of each step by number of exchanges."""
    tally = Tally("scale", seed)
    table = {}
    with tempfile.TemporaryDirectory(dir=os.environ.get("COMFYTAPE_SCALE_DIR")) as top:
        contract_in(top)
        contract = Path(top) / "contracts" / "small"
        for share in (10, 3, 1) if exchanges >= 1000 else (10, 1):
            path = Path(top) / "cassette"
            # In a process of its own: those that are started from here inherit the peak of this one.
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                making = pool.submit(made, path, exchanges // share, megabytes // share, random.Random(seed))
                jobs, *recorded = making.result()
            row = {"record": tuple(recorded)}
            for step in STEPS:
                seconds, peak, error = measured(step, path, jobs, contract)
                row[step] = (round(seconds, 2), peak)
                wrong = error or (f"{peak} MB" if peak << 20 > MEMORY_LIMIT else "")
                tally.case(f"{step}, memory", wrong and f"at 1/{share}: {wrong}")
            table[share] = row
            print({f"1/{share}": row}, file=sys.stderr, flush=True)
            shutil.rmtree(path)
    for step in ("record", *STEPS):
        tally.case(f"{step}, time", steeper(step, table))
    for share, row in table.items():
        tally.figures[f"1/{share}: CPU seconds, peak MB"] = {name: list(value) for name, value in row.items()}
    return tally, {exchanges // share: row for share, row in table.items()}


def steeper(step, table):
    """What is wrong with how the time of a step grows; what it costs to start is in the time of opening.

    From a third to all it may grow threefold, and half of that more: machines that others use are no clocks.
    """
    share = 3 if 3 in table else 10
    small, large = (table[each][step][0] - table[each]["open"][0] for each in (share, 1))
    if large < 2 or large <= 1.5 * share * small:
        return ""
    return f"{small:.1f} s at 1/{share}, {large:.1f} s at all"


def plot(table, path):
    """CPU seconds of each step over the number of exchanges, both logarithmic: a slope of one is linear."""
    chart = pygal.XY(
        js=(), pretty_print=True, no_prefix=True, width=760, height=420, legend_at_bottom=True, print_values=False, style=LightSolarizedStyle,
        x_title="exchanges", y_title="CPU seconds", logarithmic=True, x_value_formatter=lambda x: f"{10**x:,.0f}",
    )  # fmt: skip
    for step in ("record", *STEPS):
        chart.add(step, [(math.log10(number), max(row[step][0], 0.01)) for number, row in sorted(table.items())])
    chart.x_labels = [math.log10(number) for number in sorted(table)]
    # Scripts and comments are pygal's own, and nothing that a picture needs.
    path.write_bytes(re.sub(rb"<script.*?</script>|<!--.*?-->|/\*.*?\*/", b"", chart.render(), flags=re.DOTALL))


if __name__ == "__main__":
    words = arguments(__doc__, 0, exchanges=10_000, megabytes=2_000, plot="")
    found, table = run(words.exchanges, words.megabytes, words.seed)
    if words.plot:
        plot(table, Path(words.plot))
    finished(found, words)
