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

import base64
import contextlib
import hashlib
import html
import http.client
import http.server
import importlib.util
import json
import os
import re
import shutil
import signal
import string
import subprocess
import sys
import tempfile
import threading
import traceback
import zlib
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote_to_bytes

import yaml
from campaign import Tally, arguments, finished
from hostile_kinds import ask, told
from places import HOST, PLACES
from stage import KEY, ROOT, planes

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
WORKFLOW = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 32, "height": 32, "batch_size": 1, "color": 0}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat"}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "sample"}},
}
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


# -- the search, which shares nothing with the product's


def needles(secret):
    """Every spelling that is looked for, by its name."""
    raw = secret.encode()
    spelled = {"plain": raw, "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode(),
               "URL": quote(secret, safe="").encode(), "URL+": quote_plus(secret).encode(), "HTML": html.escape(secret).encode(),
               "JSON": json.dumps(secret)[1:-1].encode(), "JSON in JSON": json.dumps(json.dumps(secret))[3:-3].encode(),
               "UTF-16": secret.encode("utf-16-le"), "UTF-16 BE": secret.encode("utf-16-be")}  # fmt: skip
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw).decode()
        core = text[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]
        spelled[f"base64 {shift}"] = core.encode()
        spelled[f"base64url {shift}"] = core.replace("+", "-").replace("/", "_").encode()
    return {name: needle for name, needle in spelled.items() if len(needle) >= 5}


RUN = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
UNICODE = re.compile(rb"\\u([0-9a-fA-F]{4})")


def layers(data):
    """What may be inside: undone escapes, inflated streams, decoded base64."""
    if b"\\" in data:
        yield UNICODE.sub(
            lambda m: chr(int(m[1], 16)).encode("utf-8", "surrogatepass"),
            data.replace(b'\\"', b'"').replace(b"\\\\", b"\\"),
        )
    if b"%" in data:
        yield unquote_to_bytes(data)
    if b"&" in data:
        yield html.unescape(data.decode("latin-1")).encode("latin-1", "replace")
    for head, bits in ((b"\x1f\x8b\x08", 31), (b"x\x9c", 15), (b"x\xda", 15), (b"x\x01", 15)):
        at = data.find(head)
        while at >= 0:
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(bits).decompress(data[at:], 1 << 24)
            at = data.find(head, at + 1)
    for match in RUN.finditer(data):
        text = match[0].replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
        for shift in range(4 if len(text) < 4000 else 1):
            part = text[shift:]
            yield base64.b64decode(part[: len(part) // 4 * 4 + (len(part) % 4 if len(part) % 4 != 1 else 0)] + b"==")


class Search:
    """The planted values, and which of them some bytes hold."""

    def __init__(self, planted):
        self.needles = [
            (where, name, needle) for where, secret in planted.items() for name, needle in needles(secret).items()
        ]
        self.seen = set()

    def look(self, data, depth=4):
        """(place, spelling) of everything that is there."""
        digest = hashlib.blake2b(data, digest_size=12).digest()
        if digest in self.seen:
            return
        self.seen.add(digest)
        for where, name, needle in self.needles:
            if needle in data:
                yield where, name
        if depth:
            for inner in layers(data):
                if inner and inner != data:
                    yield from ((where, f"{name}, deeper") for where, name in self.look(inner, depth - 1))


# -- files of other tools


def fits(asked, road):
    """Whether a road can carry it at all."""
    if any("\n" in value or not value.isascii() for _, value in asked.headers + asked.answered):
        return False
    if road == "webhook":
        return asked.answer[:1] == b"{" or asked.body[:1] == b"{"
    return not (road != "proxy" and asked.body[:2] == b"\x1f\x8b")


def har_of(listed):
    entries = []
    for number, asked in enumerate(listed):
        answer = {"size": len(asked.answer), "mimeType": dict(asked.answered).get("Content-Type", ""),
                  "text": base64.b64encode(asked.answer).decode(), "encoding": "base64"}  # fmt: skip
        request = {"method": asked.method, "url": HOST + asked.path, "httpVersion": "HTTP/1.1", "cookies": [], "queryString": [],
                   "headers": [{"name": k, "value": v} for k, v in asked.headers], "headersSize": -1, "bodySize": len(asked.body)}  # fmt: skip
        if asked.body:
            request["postData"] = {"mimeType": dict(asked.headers).get("Content-Type", ""), "text": asked.body.decode()}
        entries.append({
            "startedDateTime": f"2026-11-22T10:{number // 60:02}:{number % 60:02}.000Z", "time": 5, "request": request, "cache": {},
            "timings": {"send": 1, "wait": 3, "receive": 1},
            "response": {"status": asked.status, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "headersSize": -1,
                         "headers": [{"name": k, "value": v} for k, v in asked.answered], "content": answer, "bodySize": -1,
                         "redirectURL": dict(asked.answered).get("Location", "")},
        })  # fmt: skip
    return json.dumps(
        {"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}}
    ).encode()


def vcr_of(listed, *, as_json):
    def text(data):
        if not as_json:
            return data
        return data.decode()

    items = []
    for asked in listed:
        headers = {}
        for name, value in asked.headers:
            headers.setdefault(name, []).append(value)
        items.append({
            "request": {"method": asked.method, "uri": HOST + asked.path, "headers": headers, "body": text(asked.body) if asked.body else None},
            "response": {"status": {"code": asked.status, "message": "OK"}, "headers": {k: [v] for k, v in asked.answered},
                         "body": {"string": text(asked.answer)}},
        })  # fmt: skip
    document = {"version": 1, "interactions": items}
    return json.dumps(document).encode() if as_json else yaml.dump(document, Dumper=yaml.CSafeDumper).encode()


def hooks_of(listed):
    made = []
    for number, asked in enumerate(listed):
        told_most = asked.body if asked.body[:1] == b"{" else asked.answer
        value = json.loads(told_most)
        made.append({"id": f"j-{number}-u1", "status": "COMPLETED", "delayTime": 1, "executionTime": 2, "workerId": "w",
                     "input": value.get("input") if isinstance(value.get("input"), dict) else {"workflow": WORKFLOW, "more": value},
                     "output": value.get("output", value), "webhook": value.get("webhook", "https://me.example/hook")})  # fmt: skip
    return "\n".join(map(json.dumps, made)).encode()


# -- servers


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what alerts send; as an upstream it gives the answer of a place."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = self.server.answers.get(self.headers.get("X-Case"))
        self.server.received.append(body)
        self.send_response(asked.status if asked else 200)
        answer = asked.answer if asked else b"ok"
        for name, value in asked.answered if asked else ():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815 - the name that http.server calls

    def log_message(self, *_words):
        pass


@contextlib.contextmanager
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.answers, server.received = {}, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


# -- roads into a cassette


def run(output, *words):
    """A command in this process; what it printed is kept."""
    code, printed = told(*words)
    output.append((" ".join(map(str, words[:3])), printed.encode("utf-8", "surrogatepass")))
    return code


def through_proxy(listed, server, output):
    """Every request once through ``comfytape proxy``."""
    server.answers = {str(number): asked for number, asked in enumerate(listed)}
    upstream = f"http://127.0.0.1:{server.server_address[1]}"
    process = subprocess.Popen(
        [sys.executable, "-m", "comfytape", "proxy", "made", "--runpod", f"{upstream}/v2", "--comfyui", upstream],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        port = int(process.stdout.readline().rpartition(b":")[2])
        for number, asked in enumerate(listed):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request(
                asked.method, asked.path, asked.body or None, dict(asked.headers) | {"X-Case": str(number)}
            )
            connection.getresponse().read()
            connection.close()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    output.append(("proxy", out + err))
    return process.returncode


def through_record(planted, output):
    """A recording from a plane that says everything back."""
    plane = planes.Plane(
        echo=next((text for text in planted.values() if "\n" not in text and text.isascii()), "")
    ).start()
    try:
        output_of = {name: PLACES[name](text).answer for name, text in planted.items() if not PLACES[name](text).body}
        plane.output = {
            "images": [],
            **{str(n): json.loads(data) for n, data in enumerate(output_of.values()) if data[:1] == b"{"},
        }
        for text in list(planted.values())[:2]:
            plane.fault("status", status=500, body=f"Internal error: {text}")
        os.environ |= {"RUNPOD_ENDPOINT_BASE_URL": plane.url, "RUNPOD_ENDPOINT_ID": "ep1"}
        key = os.environ.get("RUNPOD_API_KEY")
        os.environ["RUNPOD_API_KEY"] = KEY
        code = run(output, "record", "small", "--into", "made-by", "--samples", "2", "--concurrency", "2")
        if key is not None:
            os.environ["RUNPOD_API_KEY"] = key
        if Path("made-by/small").exists():
            shutil.copytree("made-by/small", "cassettes/made")
        return code
    finally:
        plane.stop()


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


def is_text(asked):
    try:
        asked.answer.decode()
        asked.body.decode()
    except UnicodeDecodeError:
        return False
    return True


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
            except Exception as error:
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
