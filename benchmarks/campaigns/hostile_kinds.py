"""What the campaign of hostile files damages, and what reads it: a small project made of the shipped recording."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import lzma
import os
import shutil
import sqlite3
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mutations import changed, flipped, mutated

from comfytape.cli.main import main
from comfytape.importing import import_files
from comfytape.settings import load_settings
from comfytape_cassettes import Cassette
from comfytape_cassettes.body import content_name
from comfytape_cassettes.formats.har_document import har_of
from comfytape_cassettes.formats.vcr_document import vcr_text
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Redactor, Secrets
from comfytape_contracts.baseline import Baseline
from comfytape_contracts.cases.suite import read_suite
from comfytape_contracts.contract import Contract
from comfytape_contracts.convert import ConversionError, convert_workflow
from comfytape_contracts.images import look_at, reduced
from comfytape_contracts.lint import lint_workflow
from comfytape_contracts.tape import Tape
from comfytape_replayer.app import ReplayApp
from comfytape_replayer.library import Library
from comfytape_replayer.scenarios import Casting
from comfytape_replayer.scenarios.custom import load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
CASSETTE, CONTRACT = Path("cassettes/noise-cases"), Path("contracts/noise-cases")
EXITS = range(6)
MIXED = """
budgets: {success_rate: 1.0, samples: 3, cold_start_s: 60, generation_s: 30, health_check_s: 5, dependency_check_s: 10}
cost: {usd_per_second: 0.00031}
max_age: 900d
versions: {registry: versions.yaml}
schemas: {status: status.schema.json}
alerts: {channels: [{slack: SLACK_URL}], on: warning, suppress: 6h, unknown_after: 3, owner: them, report_url: "https://x.example/{contract}"}
"""
VERSIONS = (
    'comfyui: "0.10.0"\npython: "3.11"\nworker: ">=5.8"\npacks:\n  RES4LYF: {version: "1.1.0", commit: 022c873}\n'
)
SCHEMA = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["id", "status"],
          "properties": {"status": {"enum": ["COMPLETED", "FAILED"]}, "id": {"type": "string", "pattern": "^[a-z0-9-]+$"}}}  # fmt: skip
ACCEPTED = """\
accepted:
- {fingerprint: 0123456789abcdef, rule: failure-other, where: x, reason: because, first_seen: 2026-01-01, expires: 2027-01-01, owner: me}
- {fingerprint: 1123456789abcdef, rule: node-missing, reason: because too, last_seen: 2026-01-01, ticket: 7}
"""
SCENARIO = """\
name: late-and-renamed
imitates: what our gateway did in May
rules:
  - match: {operation: status, state: COMPLETED}
    replace: {output.images.0.filename: other.png}
  - match: {operation: [run, runsync], every: 3, times: 2}
    status: 503
    body: try later
    headers: {Retry-After: "2"}
  - match: {operation: health}
    delay: 1
    truncate: 100
"""
SETTINGS = '[project]\nname = "x"\n\n[tool.comfytape]\ncontracts = "contracts"\ncassettes = "cassettes"\nsecrets_env = ["A_KEY"]\nscan_exclude = ["x/*"]\n'


def staged(place):
    """The project: a recording with its contract, the same as HAR and vcr files, and what else commands read."""
    place.mkdir(parents=True)
    shutil.copytree(ROOT / CONTRACT, place / CONTRACT)
    shutil.copytree(ROOT / CASSETTE, place / CASSETTE)
    index = json.loads((place / CASSETTE / "cassette.json").read_bytes())
    seen = Counterless()
    index["interactions"] = [item for item in index["interactions"] if seen.first_two(item["request"]["uri"])]
    (place / CASSETTE / "cassette.json").write_text(json.dumps(index))
    folder = place / CONTRACT
    text = (folder / "contract.yaml").read_text().partition("\nbudgets:")[0]
    (folder / "contract.yaml").write_text(text + MIXED)
    (folder / "accepted.yaml").write_text(ACCEPTED)
    (folder / "versions.yaml").write_text(VERSIONS)
    (folder / "status.schema.json").write_text(json.dumps(SCHEMA))
    tape = Cassette.open(place / CASSETTE)
    tell_briefly(place, index)
    jobs = [job for job in Tape(tape).jobs if job.last is not None]
    bodies = [hook(job) for job in jobs[:3]]
    (place / "hooks.json").write_text("\n".join(json.dumps(body) for body in bodies))
    small = [item for item in index["interactions"] if item["response"]["body"].get("string")][:16]
    (place / "tape.vcr.json").write_text(json.dumps({"version": 1, "interactions": [plain(item) for item in small]}))
    (place / "scenario.yaml").write_text(SCENARIO)
    (place / "pyproject.toml").write_text(SETTINGS)
    (place / "object_info.json").write_text(json.dumps(Tape(tape).inventory))
    edited = ROOT / "tests/data/conversion/edited-0.33.0"
    with lzma.open(f"{edited}.jsonl.xz") as lines:
        (place / "ui.json").write_text(json.dumps(json.loads(next(lines))["ui"]))
    pictures = sorted((place / CASSETTE / "bodies").glob("*.png"), key=lambda path: path.stat().st_size)
    shutil.copy(pictures[0], place / "picture.png")
    with convert(place / "picture.png") as image:
        image.save(place / "picture.webp", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
        image.convert("P").save(place / "picture.gif", save_all=True, append_images=[image.convert("P")])
        image.convert("RGB").save(place / "picture.jpg")
    journal(place, tape)
    checked(place)


def tell_briefly(place, index):
    """HAR and vcr files of a few requests of the recording, one with a picture: redaction takes longer than reading."""
    made = next(
        n for n, item in enumerate(index["interactions"]) if ".png" in json.dumps(item["response"]["body"])[-60:]
    )
    few = [*index["interactions"][:3], *index["interactions"][12:18], index["interactions"][made]]
    brief = place / "brief"
    shutil.copytree(place / CASSETTE, brief)
    (brief / "cassette.json").write_text(json.dumps(index | {"interactions": few}))
    tape = Cassette.open(brief)
    (place / "tape.har").write_text(json.dumps(har_of(tape)))
    (place / "tape.yaml").write_text(vcr_text(tape, as_json=False))
    shutil.rmtree(brief)


class Counterless:
    """Which requests came twice already: polls of a job and of health fill a recording without telling more."""

    def __init__(self):
        self.seen = {}

    def first_two(self, uri):
        self.seen[uri] = self.seen.get(uri, 0) + 1
        return self.seen[uri] <= (30 if uri.endswith("/run") else 2)


def convert(path):
    from PIL import Image  # noqa: PLC0415 - Pillow is imported in one room only

    return Image.open(path)


def hook(job):
    return {"id": job.id, "status": job.status, "input": {"workflow": job.workflow}, "output": {"images": []},
            "delayTime": 31618, "executionTime": 1437, "workerId": "w1", "webhook": "https://me.example/hook?x=1"}  # fmt: skip


def plain(item):
    """An interaction as vcrpy itself writes it."""
    body = item["response"]["body"]
    return item | {
        "response": item["response"]
        | {"body": {"string": body.get("string", "")}, "headers": item["response"]["headers"]}
    }


def journal(place, tape):
    """A recording that was cut off."""
    recording = Recording.start(place / "cassettes/cut", plane="loopback", secrets=Secrets.of([]))
    recording.mark(sample=0, state="submitting")
    for exchange in tape.exchanges[:24]:
        recording.add(exchange)
    recording.close()
    shutil.copytree(place / "cassettes/cut", place / "cut")


def checked(place):
    """A report, a state of alerts and a history, as a check leaves them."""
    before = Path.cwd()
    os.chdir(place)
    try:
        command("check", "noise-cases", "--report", "json=report.json", "--history", "history.sqlite")
        report = json.loads(Path("report.json").read_text())
        entry = {"severity": "error", "message": "x", "rule": "failure-other"}
        report["findings"] = report["findings"] or [entry]
        Path("report.json").write_text(json.dumps(report))
        os.environ["SLACK_URL"] = "http://127.0.0.1:9/x"
        command("alert", "report.json", "--state", "alerts.json", "--deadline", "1")
        if not Path("alerts.json").exists():
            Path("alerts.json").write_text("{}")
    finally:
        os.chdir(before)


# -- what reads the files


def command(*arguments):
    """A command in this process, by the way that people start it; any exception of its own is raised."""
    code, printed = told(*arguments)
    if code not in EXITS:
        raise AssertionError(f"exit {code}: {printed[-300:]}")
    if "Traceback (most" in printed:
        raise AssertionError(f"a traceback was printed: {printed[-600:]}")


def told(*arguments):
    """The exit code and what was printed."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            main([str(word) for word in arguments])
        except SystemExit as error:
            code = error.code or 0
    out.flush()
    return code, out.buffer.getvalue().decode()


class Transport:
    """A connection that nobody is at the end of."""

    def abort(self):
        pass

    close = abort


def ask(app, method, path, body=b""):
    """One request to the replay server, without a socket."""
    sent = []
    queue = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return queue.pop(0) if queue else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    route, _, query = path.partition("?")
    scope = {
        "type": "http", "method": method, "path": route, "raw_path": route.encode(), "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")], "http_version": "1.1", "scheme": "http",
        "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 80), "extensions": {}, "root_path": "",
        "state": {"comfytape.transport": Transport()},
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return b"".join(message.get("body", b"") for message in sent)


def replayed(app, place, chance):
    """A client's way through a replay: submit, poll, look around."""
    workflow = json.loads((place / CONTRACT / "workflow.json").read_bytes())
    answer = ask(app, "POST", "/v2/any/run", json.dumps({"input": {"workflow": workflow}}).encode())
    job = "x"
    if answer.startswith(b'{"id"'):
        job = json.loads(answer)["id"]
    paths = [f"/v2/any/status/{job}", f"/v2/any/status/{job}", "/v2/any/health", "/object_info", "/system_stats", "/history",
             "/v2/any/requests", "/queue", "/__comfytape__", "/__comfytape__/journal"]  # fmt: skip
    for path in paths[:2] + chance.sample(paths[2:], 2):
        ask(app, "GET", path)


def read_cassette(place, chance):
    """Everything that reads a recording; the cheap ways more often."""
    ways = [
        (40, lambda: cheap(place)),
        (8, lambda: replayed(ReplayApp(Library([Cassette.open(place / CASSETTE)])), place, chance)),
        (4, lambda: command("check", "noise-cases")),
        (
            1,
            lambda: command(
                "check",
                "noise-cases",
                "--report",
                chance.choice(("html", "junit", "sarif", "github", "markdown", "badge")) + "=out",
            ),
        ),
        (1, lambda: command("check", "noise-cases", "--against", CASSETTE, "--json")),
        (1, lambda: command("export", "noise-cases", "--format", "har", "-o", "out.har")),
        (1, lambda: command("export", "noise-cases", "--format", "vcr", "-o", "out.json")),
        (1, lambda: command("export", "noise-cases", "--format", "wiremock", "-o", "out")),
        (1, lambda: command("drift", CASSETTE, "object_info.json")),
        (1, lambda: command("doctor", "--cassette", CASSETTE)),
        (1, lambda: command("merge", CASSETTE, "--name", "made")),
        (1, lambda: command("import", CASSETTE, "--name", "made")),
        (1, lambda: command("init", "made", "--workflow", CONTRACT / "workflow.json", "--from", CASSETTE)),
    ]
    chance.choices([way for _, way in ways], [weight for weight, _ in ways])[0]()


def cheap(place):
    """A recording opened, verified and read as jobs."""
    cassette = Cassette.open(place / CASSETTE)
    cassette.verify()
    looked(Tape(cassette))


def looked(tape):
    """The jobs of a recording, and what it says of its server."""
    for job in tape.jobs:
        _ = job.status, job.workflow, job.last, job.submitted_ms, job.ended_ms
    _ = tape.inventory, tape.system, tape.models


def resume(place, _chance):
    recording = Recording.resume(place / "cassettes/cut", secrets=Secrets.of(["not-a-key-1"]))
    try:
        list(recording.marks())
        recording.finish()
    finally:
        recording.close()


def check_or(cheaply, weight=10):
    """``cheaply`` most of the time, else the command that people use."""

    def either(place, chance):
        if chance.randrange(weight):
            cheaply(place)
        else:
            command("check", "noise-cases")

    return either


def lint(_place, chance):
    command("lint", CONTRACT / "workflow.json", "--inventory", "object_info.json", *chance.choice(((), ("--json",))))


def converted(place, chance):
    if chance.randrange(6) == 0:
        command("lint", "ui.json", "--inventory", "object_info.json")
        return
    try:
        document = json.loads((place / "ui.json").read_bytes())
    except (ValueError, RecursionError, OSError):
        return
    inventory = json.loads((place / "object_info.json").read_bytes())
    if isinstance(document, dict):
        try:
            lint_workflow(convert_workflow(document, inventory), inventory)
        except ConversionError:
            return


def inventory(_place, chance):
    if chance.randrange(2):
        command("lint", CONTRACT / "workflow.json", "--inventory", "object_info.json")
    else:
        command("drift", "object_info.json", CASSETTE, *chance.choice(((), ("--json",), ("--contract", "noise-cases"))))


def imported(name):
    def read(_place, chance):
        if chance.randrange(20) == 0:
            command("import", name, "--name", "made")
        else:
            import_files([Path(name)], Path("cassettes/made"), [], [])

    return read


def images(place, _chance):
    for suffix in ("png", "webp", "gif", "jpg"):
        data = (place / f"picture.{suffix}").read_bytes() if (place / f"picture.{suffix}").is_file() else b""
        look_at(data)
        reduced(data, 64)
        Redactor(Secrets.of(["not-a-key-1"])).body(data, f"image/{suffix}")


def alerts(_place, chance):
    command("alert", "report.json", "--state", "alerts.json", "--dry-run", *chance.choice(((), ("--digest",))))


def settings(_place, chance):
    if chance.randrange(8):
        load_settings()
    else:
        command("check", "noise-cases")


def history(_place, chance):
    if chance.randrange(5) == 0:
        command("check", "noise-cases", "--history", "history.sqlite")
    else:
        command(
            "report",
            "--history",
            "history.sqlite",
            *chance.choice(((), ("--since", "failure-other"), ("--html", "site"))),
        )


def scenario(place, chance):
    made = load_scenario(Path("scenario.yaml"))
    app = ReplayApp(Library([Cassette.open(place / CASSETTE)]), casting=Casting([made], [], [made], 1))
    if all(getattr(fault, "delay_ms", 0) in (0, 1) for fault in made.faults):
        replayed(app, place, chance)


# -- what is damaged


def one(name):
    return lambda _place, _chance: name


def any_of(*names):
    return lambda _place, chance: chance.choice(names)


def spelled(spelling):
    """The usual damage."""

    def damage(_place, file, kept, chance):
        file.write_bytes(mutated(kept, spelling, chance))

    return damage


def index_damage(_place, file, kept, chance):
    """The index: as a file, or an answer in it, changed in what it means."""
    if chance.random() < 0.5:
        file.write_bytes(mutated(kept, "json", chance))
        return
    document = json.loads(kept)
    for _ in range(chance.choice((1, 1, 3))):
        item = chance.choice(document["interactions"])
        side = item[chance.choice(("request", "response", "response"))]
        text = side["body"].get("string") if isinstance(side.get("body"), dict) else None
        if not isinstance(text, str) or chance.random() < 0.1:
            side |= changed(side, chance) if isinstance(changed(side, chance), dict) else {}
            continue
        try:
            side["body"]["string"] = json.dumps(changed(json.loads(text), chance))
        except ValueError:
            side["body"]["string"] = flipped(text.encode("utf-8", "surrogatepass"), chance).decode("utf-8", "replace")
    file.write_bytes(json.dumps(document).encode("utf-8", "surrogatepass"))


def body_damage(place, file, kept, chance):
    """A body; two times in three under the name that fits it, so that it is read on."""
    fresh = mutated(kept, "json" if file.suffix == ".json" else "bytes", chance) if chance.random() < 0.95 else b""
    if file.suffix == ".png" and chance.random() < 0.5:
        fresh = png_damage(kept, chance)
    file.write_bytes(fresh)
    if chance.randrange(3):
        index = place / CASSETTE / "cassette.json"
        name = content_name(fresh, file.suffix[1:])
        (file.parent / name).write_bytes(fresh)
        index.write_text((place / "index.kept").read_text().replace(file.name, name))


@cache
def zeros(number):
    """Zeros, packed a megabyte at a time: a hundred kilobytes that stand for a hundred megabytes."""
    packer, block = zlib.compressobj(), 10**6
    parts = [packer.compress(bytes(min(block, number - at))) for at in range(0, number, block)]
    return b"".join([*parts, packer.flush()])


def png_damage(kept, chance):
    """A PNG with right checksums and wrong chunks: sizes of pictures, texts, animation."""
    parts, at = [], 8
    while at + 12 <= len(kept):
        length = int.from_bytes(kept[at : at + 4], "big")
        parts.append([kept[at + 4 : at + 8], kept[at + 8 : at + 8 + length]])
        at += 12 + length
    for _ in range(chance.choice((1, 2))):
        part = chance.choice(parts)
        match chance.randrange(5):
            case 0:
                part[1] = flipped(part[1], chance)
            case 1:
                big = chance.choice((0, 1, 65535, 2**31 - 1, 20000)).to_bytes(4, "big")
                parts[0][1] = big + chance.choice((big, parts[0][1][4:8])) + parts[0][1][8:]
            case 2:
                packed = zeros(chance.choice((10, 10**8)))
                parts.insert(1, [chance.choice((b"zTXt", b"iTXt", b"iCCP")), b"prompt\0\0" + packed])
            case 3:
                parts.insert(
                    chance.randrange(len(parts)),
                    [
                        chance.choice((b"acTL", b"fcTL", b"fdAT", b"tEXt", b"eXIf", b"IHDR", b"PLTE", b"tRNS")),
                        chance.randbytes(chance.randrange(40)),
                    ],
                )
            case _:
                chance.shuffle(parts)
    chunks = [
        len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big") for name, data in parts
    ]
    return kept[:8] + b"".join(chunks)


def har_damage(_place, file, kept, chance):
    """As a file, or a body in it."""
    if chance.random() < 0.7:
        file.write_bytes(mutated(kept, "json", chance))
        return
    document = json.loads(kept)
    entry = chance.choice(document["log"]["entries"])
    content = entry["response"]["content"]
    data = (
        base64.b64decode(content["text"]) if content.get("encoding") == "base64" else content.get("text", "").encode()
    )
    fresh = mutated(data, "json" if data[:1] in (b"{", b"[") else "bytes", chance)
    entry["response"]["content"] = content | {"text": base64.b64encode(fresh).decode(), "encoding": "base64"}
    file.write_bytes(json.dumps(document).encode())


def database_damage(_place, file, kept, chance):
    """Bytes of the file, or rows and tables of the database."""
    file.write_bytes(kept)
    if chance.random() < 0.4:
        file.write_bytes(flipped(kept, chance))
        return
    with sqlite3.connect(file) as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type='table'")]
        table = chance.choice(tables)
        columns = [row[1] for row in connection.execute(f'pragma table_info("{table}")')]
        column = chance.choice(columns)
        match chance.randrange(6):
            case 0:
                connection.execute(f'drop table "{table}"')
            case 1:
                connection.execute(f'alter table "{table}" rename column "{column}" to "other"')
            case 2:
                value = chance.choice((None, "", "x", 2**62, -1, 1.5, b"\xff\x00", "NaN", "[]", "{}", "9" * 5000))
                try:
                    connection.execute(f'update "{table}" set "{column}" = ?', (value,))
                except sqlite3.Error:
                    return
            case _:
                row = connection.execute("select key, document from comfytape_run limit 1").fetchone()
                text = json.dumps(changed(json.loads(row[1]), chance)).replace("\\ud", "\\uc")
                connection.execute("update comfytape_run set document = ? where key = ?", (text, row[0]))
    connection.close()


def bodies(place, chance):
    listed = sorted(path.name for path in (place / CASSETTE / "bodies").iterdir())
    return CASSETTE / "bodies" / chance.choice(listed)


def nothing(_place):
    pass


def index_back(place):
    """The index and the bodies as they were."""
    kept = place / "index.kept"
    if not kept.exists():
        kept.write_bytes((place / CASSETTE / "cassette.json").read_bytes())
        return
    (place / CASSETTE / "cassette.json").write_bytes(kept.read_bytes())
    named = {path.name for path in (ROOT / CASSETTE / "bodies").iterdir()}
    for path in (place / CASSETTE / "bodies").iterdir():
        if path.name not in named:
            path.unlink()


def cut_back(place):
    shutil.rmtree(place / "cassettes/cut", ignore_errors=True)
    shutil.copytree(place / "cut", place / "cassettes/cut")


def accepted_back(place):
    (place / CONTRACT / "accepted.yaml").write_text(ACCEPTED)


@dataclass(frozen=True)
class Kind:
    """Files of one kind.

    Attributes:
        pick: which file is damaged, relative to the project; damage: how; run: what reads it.
        leaves: what the commands write, taken away after each case; repair: what else is put back.
        links: how often the file becomes a link, a folder or nothing.
        inside: whether the file is named by another file and not by the user, so that no link in it may be followed.
    """

    name: str
    pick: Callable
    damage: Callable
    run: Callable
    leaves: tuple[str, ...] = ()
    repair: Callable = nothing
    links: float = 0.01
    inside: bool = False


MADE = ("cassettes/made", "contracts/made", "out", "out.har", "out.json", "site")
KINDS = (
    Kind("cassette", one(CASSETTE / "cassette.json"), index_damage, read_cassette, MADE, links=0.02, inside=True),
    Kind("body", bodies, body_damage, read_cassette, MADE, index_back, links=0.02, inside=True),
    Kind("journal", one("cassettes/cut/journal.jsonl"), spelled("lines"), resume, (), cut_back, inside=True),
    Kind("contract", one(CONTRACT / "contract.yaml"), spelled("yaml"), check_or(lambda place: Contract.load(place / CONTRACT)), (), accepted_back),
    Kind("accepted", one(CONTRACT / "accepted.yaml"), spelled("yaml"), check_or(lambda place: Baseline.load(place / CONTRACT / "accepted.yaml"))),
    Kind("versions", one(CONTRACT / "versions.yaml"), spelled("yaml"), check_or(nothing, 1), (), accepted_back, inside=True),
    Kind("schema", one(CONTRACT / "status.schema.json"), spelled("json"), check_or(nothing, 1), (), accepted_back, inside=True),
    Kind("suite", one(CONTRACT / ".runpod/tests.json"), spelled("json"), check_or(lambda place: read_suite(place / CONTRACT / ".runpod/tests.json"), 15), (), accepted_back),
    Kind("workflow", one(CONTRACT / "workflow.json"), spelled("json"), lint),
    Kind("ui-workflow", one("ui.json"), spelled("json"), converted),
    Kind("inventory", one("object_info.json"), spelled("json"), inventory),
    Kind("har", one("tape.har"), har_damage, imported("tape.har"), MADE),
    Kind("vcr-yaml", one("tape.yaml"), spelled("yaml"), imported("tape.yaml"), MADE),
    Kind("vcr-json", one("tape.vcr.json"), spelled("json"), imported("tape.vcr.json"), MADE),
    Kind("webhook", one("hooks.json"), spelled("lines"), imported("hooks.json"), MADE),
    Kind("image", any_of("picture.png", "picture.webp", "picture.gif", "picture.jpg"),
         lambda _place, file, kept, chance: file.write_bytes(png_damage(kept, chance) if file.suffix == ".png" and chance.random() < 0.6 else flipped(kept, chance)), images, links=0),
    Kind("alerts-state", one("alerts.json"), spelled("json"), alerts, ("alerts.json.lock",)),
    Kind("report", one("report.json"), spelled("json"), alerts, ("alerts.json.lock",)),
    Kind("settings", one("pyproject.toml"), spelled("bytes"), settings, (), accepted_back),
    Kind("history", one("history.sqlite"), database_damage, history, ("site", "history.sqlite-journal"), links=0.01),
    Kind("scenario", one("scenario.yaml"), spelled("yaml"), scenario),
)  # fmt: skip
