"""The small project that the campaign of hostile files damages: the shipped recording, its contract, and what is made of them."""

from __future__ import annotations

import json
import lzma
import os
import shutil
from pathlib import Path

from in_process import command

from comfytape_cassettes import Cassette
from comfytape_cassettes.formats.har_document import har_of
from comfytape_cassettes.formats.vcr_document import vcr_text
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets
from comfytape_contracts.tape import Tape

ROOT = Path(__file__).resolve().parents[2]
CASSETTE, CONTRACT = Path("cassettes/noise-cases"), Path("contracts/noise-cases")
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
