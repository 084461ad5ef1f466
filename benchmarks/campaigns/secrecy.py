"""Secrets in every place, through every command: none is in any byte that is written, printed or sent.

    python benchmarks/campaigns/secrecy.py --cases 264

Each case takes one kind of secret and one road (`record` from a plane that echoes, `proxy`, `import` of HAR, vcr YAML,
vcr JSON, webhook bodies), plants a different secret of that kind in each of some fifty places (places.py), and then runs
`check` with every report, `alert` to a receiver, `export` in every format, `report --html`, `drift`, `doctor`, `lint`,
`scan`, and a replay with its journal page. Judged: no planted value in any file, output or sent byte: plain, in hex, in
base64 at three alignments, escaped for URLs, JSON and HTML, UTF-16, inside gzip, zlib and PNG text, inside base64; a
second redaction changes nothing; the replay still answers the request that was recorded. Kinds are known by their format or,
where a key has no shape, by its value in the environment. A value of no known shape that nobody gave is out of scope.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import string
import sys
import tempfile
import traceback
from pathlib import Path

from campaign import Tally, arguments, finished
from foreign_files import WORKFLOW, fits, har_of, hooks_of, is_text, vcr_of
from in_process import ask
from needles import Search
from places import PLACES
from roads import receiver, run, through_proxy, through_record
from stage import ROOT

from comfytape.cli.commands import replay
from comfytape.reporting.formats import format_names
from comfytape_cassettes import Cassette
from comfytape_cassettes.redaction import Redactor, Secrets
from comfytape_contracts.tape import Tape
from comfytape_replayer.app import ReplayApp
from comfytape_replayer.library import Library

spec = importlib.util.spec_from_file_location("comfytape_secret_kinds", ROOT / "tests/cassettes/redaction/kinds.py")
made_up = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made_up)

BY_VALUE = {
    "a word": "correct-horse-" + "battery-staple",
    "symbols": "p@ss&w0rd" + "+/=%<>'#?;",
    "quotes": 'a"b\\c' + "\\n'd$e{f}",
    "spaces": "open sesame " + "now please",
    "letters of others": "schlüssel-" + "für-alles-ß-鍵",
    "hex": made_up.HEX[:40],
    "a uuid": "3f2a9c1e-77aa-4bcd" + "-9e01-5a6b7c8d9e0f",
    "digits": "9081726354" + "81",
    "long": made_up.LETTERS * 4,
    "six characters": "xK9!" + "qz",
}
"""Keys without a shape: known because the environment holds them."""

ROADS = ("har", "vcr-yaml", "vcr-json", "webhook", "proxy", "record")
CONTRACT = """\
name: small
workflow: workflow.json
samples: {count: 2, timeout_s: 20}
nodes: [{class: Missing1}, {class: SaveImage}]
budgets: {generation_s: 0.001}
alerts: {channels: [{slack: SLACK_URL}], on: warning}
"""


# -- kinds and their variants


def kinds():
    """(name, before, secret, after, how it is known)."""
    listed = [(name, "", secret, "", "format") for name, secret in made_up.KINDS.items()]
    listed += [(name, *parts, "format") for name, parts in made_up.EMBEDDED.items()]
    return listed + [(name, "", value, "", "value") for name, value in BY_VALUE.items()]


def variant(secret, number):
    """Another secret of the same shape: its last twelve letters and digits moved on, each within its class."""
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    if re.fullmatch(r"(?:comfyui-)?[0-9a-f]+", secret):
        classes = ("abcdef", string.digits)
    letters = list(secret)
    for back in range(1, min(13, len(letters) // 2)):
        for alphabet in classes:
            if letters[-back] in alphabet and letters[-back - 1] not in "%\\":
                step = number // 5 ** ((back - 1) % 3) % 5 + 1 + back
                letters[-back] = alphabet[(alphabet.index(letters[-back]) + step) % len(alphabet)]
    return "".join(letters)


# -- one case


def after(server, output, listed):
    """Everything that reads the cassette, and says or writes something about it."""
    formats = [f"--report={name}=out/report.{name}" for name in format_names()]
    run(output, "check", "small", "--cassette", "cassettes/made", "-v", *formats, "--history", "out/history.sqlite")
    run(output, "check", "small", "--cassette", "cassettes/made", "--json")
    os.environ["SLACK_URL"] = f"http://127.0.0.1:{server.server_address[1]}/hook"
    server.answers = {}
    run(output, "alert", "out/report.json", "--state", "out/alerts.json")
    for kind, name in (
        ("har", "out/e.har"),
        ("vcr", "out/e.yaml"),
        ("vcr", "out/e.json"),
        ("wiremock", "out/wiremock"),
    ):
        run(output, "export", "cassettes/made", "--format", kind, "--output", name)
    run(output, "report", "cassettes/made", "--contract", "small", "--html", "out/site")
    run(output, "drift", "cassettes/made", "cassettes/made", "--json")
    run(output, "doctor", "--cassette", "cassettes/made", "-v")
    run(output, "scan", "raw", "contracts", "-v")
    run(output, "lint", "contracts/small/workflow.json", "--inventory", "raw/object_info.json", "-v")
    run(output, "lint", "contracts/small/workflow.json", "--inventory", "raw/object_info.json", "--json")
    misses = []
    app = ReplayApp(library(), on_miss=lambda miss: misses.append("\n".join(miss.lines())))
    for asked in listed:
        ask(app, asked.method, asked.path, asked.body)
    for page in ("/__comfytape__", "/__comfytape__/journal", "/__comfytape__/verify"):
        output.append((f"replay {page}", ask(app, "GET", page)))
    output.append(("misses", "\n".join(misses).encode("utf-8", "surrogatepass")))


def library():
    """The cassette as ``comfytape replay`` opens it."""
    return Library([Cassette.open("cassettes/made")], redactor=Redactor(Secrets.of(replay.secrets())))


def matched():
    """Whether a replay still answers what was recorded, asked as it was asked the first time; else what it said."""
    cassette = Cassette.open("cassettes/made")
    jobs = [job for job in Tape(cassette).jobs if job.workflow]
    if not jobs:
        return ""
    body = Path("raw/submission.json").read_bytes()
    answer = ask(ReplayApp(library()), "POST", "/v2/ep1/run", body)
    return "" if answer.startswith(b'{"id"') else f"the replay answers {answer[:200]!r}"


def twice():
    """What a second redaction changes."""
    redactor = Redactor()
    for exchange in Cassette.open("cassettes/made").exchanges:
        again = redactor.exchange(exchange)
        if again.request.url != exchange.request.url or again.request.headers != exchange.request.headers:
            return f"a second redaction changes {exchange.request.url}"
        for one, other in ((again.request, exchange.request), (again.response, exchange.response)):
            if one.body.raw() != other.body.raw() or one.headers != other.headers:
                return f"a second redaction changes {other.body.raw()[:200]!r} to {one.body.raw()[:200]!r}"
    return ""


def project(place, how, secret, text):
    """The folder that commands run in, and the environment."""
    for name in [name for name in os.environ if name.startswith(("RUNPOD_", "COMFY"))]:
        del os.environ[name]
    os.environ.pop("A_KEY", None)
    folder = place / "contracts/small"
    folder.mkdir(parents=True)
    workflow = json.loads(json.dumps(WORKFLOW))
    workflow["2"]["inputs"]["text"] = f"a cat, {text}"
    (folder / "workflow.json").write_text(json.dumps(workflow))
    (folder / "contract.yaml").write_text(CONTRACT)
    (place / "pyproject.toml").write_text('[tool.comfytape]\nsecrets_env = ["A_KEY"]\n')
    (place / "raw").mkdir()
    (place / "out").mkdir()
    node = {
        "input": {"required": {"text": [["one", "two"], {}]}},
        "output": ["X"],
        "name": "CLIPTextEncode",
        "python_module": "nodes",
    }
    (place / "raw/object_info.json").write_text(json.dumps({"CLIPTextEncode": node}))
    (place / "raw/submission.json").write_text(json.dumps({"input": {"workflow": workflow}}))
    if how == "value":
        os.environ["RUNPOD_API_KEY" if len(secret) % 2 else "A_KEY"] = secret


def one_case(kind, road, server, place):
    """(places planted, what is wrong)."""
    before, secret, behind, how = kind[1:]
    planted = {where: variant(secret, n) if how == "format" else secret for n, where in enumerate(PLACES)}
    texts = {where: before + each + behind for where, each in planted.items()}
    own = variant(secret, 77) if how == "format" else secret
    project(place, how, secret, before + own + behind)
    made = {where: PLACES[where](text) for where, text in texts.items()}
    if road == "vcr-json":
        made = {where: asked for where, asked in made.items() if is_text(asked)}
    made = {where: asked for where, asked in made.items() if fits(asked, road)}
    submission = Path(place / "raw/submission.json").read_bytes()
    job = PLACES["workflow text"]("x")
    job.body, job.answer = submission, b'{"id":"j-77-u1","status":"IN_QUEUE"}'
    done = PLACES["path"]("j-77-u1")
    done.answer = json.dumps(
        {"id": "j-77-u1", "status": "COMPLETED", "delayTime": 1, "executionTime": 5, "output": {"images": []}}
    ).encode()
    listed = [*made.values(), job, done] if road != "webhook" else list(made.values())
    output = []
    server.received.clear()
    with contextlib.chdir(place):
        if road == "proxy":
            code = through_proxy(listed, server, output)
            sent, server.received[:] = len(server.received), []
            assert sent >= len(listed)
        elif road == "record":
            code = through_record(texts, output)
        else:
            file = {
                "har": "raw/a.har",
                "vcr-yaml": "raw/a.yaml",
                "vcr-json": "raw/b.json",
                "webhook": "raw/hooks.json",
            }[road]
            data = {
                "har": har_of,
                "vcr-yaml": lambda x: vcr_of(x, as_json=False),
                "vcr-json": lambda x: vcr_of(x, as_json=True),
                "webhook": hooks_of,
            }[road](listed)
            Path(file).write_bytes(data)
            code = run(output, "import", file, "--name", "made")
        wrong = []
        if code not in (0, 1, 3) or not Path("cassettes/made/cassette.json").exists():
            wrong.append(f"no cassette, exit {code}: {output[-1][1][-400:].decode('utf-8', 'replace')}")
        else:
            after(server, output, listed)
            wrong += filter(None, [twice(), matched() if road != "webhook" else ""])
        search = Search({**{where: planted[where] for where in made}, "the contract's workflow": own})
        output += [("alert receiver", body) for body in server.received]
        for path in sorted(Path().rglob("*")):
            if path.is_file() and path.parts[0] not in ("raw", "contracts"):
                output.append((str(path), path.read_bytes()))
        output += [("a file's name", str(path).encode()) for path in Path().rglob("*")]
        for where, data in output:
            for planted_at, spelling in dict(search.look(data)).items():
                wrong.append(f"{planted_at!r} is in {where} ({spelling})")
    return len(made) + 1, list(dict.fromkeys(wrong))


def campaign(cases, seed, *, kind="", road=""):
    """``cases`` pairs of kind and road; all pairs are kinds × roads."""
    tally = Tally("secrets", seed)
    pairs = [(each, way) for n, way in enumerate(ROADS) for each in kinds()]
    pairs = [(each, way) for each, way in pairs if kind in ("", each[0]) and road in ("", way)]
    if cases < len(pairs):
        pairs = [pairs[(seed + number * 17) % len(pairs)] for number in range(cases)]
    kept = dict(os.environ)
    planted = 0
    with tempfile.TemporaryDirectory() as top, receiver() as server:
        for number, (each, way) in enumerate(pairs):
            place = Path(top) / str(number)
            place.mkdir()
            try:
                count, wrong = one_case(each, way, server, place)
            except Exception as error:  # a fault of its case; the others go on
                count, wrong = 0, [f"{type(error).__name__}: {error} in {traceback.format_exc()[-600:]}"]
            finally:
                os.environ.clear()
                os.environ.update(kept)
            planted += count
            tally.case(f"{way}, known by {each[4]}")
            for line in wrong[:40]:
                tally.faults.append(f"{way}, {each[0]}: {line}")
                print(f"FAULT {way}, {each[0]}: {line[:500]}", file=sys.stderr, flush=True)
            shutil.rmtree(place, ignore_errors=True)
    tally.figures |= {"kinds": len(kinds()), "places": len(PLACES), "secrets planted": planted}
    return tally


if __name__ == "__main__":
    asked = arguments(__doc__, 288, kind="", road="")
    finished(campaign(asked.cases, asked.seed, kind=asked.kind, road=asked.road), asked)
