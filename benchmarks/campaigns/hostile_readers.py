"""The readers below the commands, on small files: what the campaign of hostile files damages a hundred thousand times.

A kind reads one small file by the function that the commands read it with, and does with it what costs no more than
the reading: no click, no server, no report. What needs a command around it is in hostile_kinds.py.
"""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

from hostile_damage import body_damage, har_damage, index_damage, one, png_damage, spelled
from hostile_kinds import Kind, cheap, looked, resume
from hostile_project import CASSETTE, CONTRACT
from mutations import flipped, mutated, worded

from comfytape.alerts import Round
from comfytape.alerts.message import Message, slack_payload, text
from comfytape.alerts.state import StateFile
from comfytape.drifting import read_workflow_file
from comfytape.settings import Settings, load_settings
from comfytape.sources import inventory_in
from comfytape_cassettes import Cassette
from comfytape_cassettes.body import Body
from comfytape_cassettes.encoding import decode_content
from comfytape_cassettes.exchange import Exchange, Request, Response
from comfytape_cassettes.formats.recognise import read_foreign
from comfytape_cassettes.formats.vcr_file import exchange_of
from comfytape_cassettes.redaction import Redactor, Secrets
from comfytape_contracts.baseline import Baseline
from comfytape_contracts.cases.suite import read_suite
from comfytape_contracts.checks.registry import check_registry
from comfytape_contracts.checks.schemas import check_schemas
from comfytape_contracts.checks.subject import Subject
from comfytape_contracts.contract import Contract
from comfytape_contracts.convert import ConversionError, convert_workflow
from comfytape_contracts.definitions import definitions_of
from comfytape_contracts.drift import NamedWorkflow, compare_inventories
from comfytape_contracts.images import look_at, reduced
from comfytape_contracts.lint import lint_workflow
from comfytape_contracts.tape import Tape
from comfytape_contracts.volume import VolumeListing
from comfytape_replayer.scenarios.custom import load_scenario

LISTED = "https://s3api-eu-ro-1.runpod.io/vol1?list-type=2&delimiter=%2F&encoding-type=url"


@cache
def subject(place):
    """The contract and the recording as they are, read once."""
    made = Subject(Contract.load(place / CONTRACT), Tape(Cassette.open(place / CASSETTE)))
    _ = made.tape.jobs, made.tape.inventory, made.tape.system
    return made


@cache
def parsed(path):
    return json.loads(path.read_bytes())


def contract(place, _chance):
    _ = Contract.load(place / CONTRACT).workflow_path


def accepted(place, _chance):
    Baseline.load(place / CONTRACT / "accepted.yaml")


def versions(place, _chance):
    check_registry(subject(place))


def schema(place, _chance):
    check_schemas(subject(place))


def suite(place, _chance):
    read_suite(place / CONTRACT / ".runpod/tests.json")


def scenario(_place, _chance):
    load_scenario(Path("scenario.yaml"))


def settings(_place, _chance):
    load_settings()


def cassette(place, _chance):
    cheap(place)


def foreign(name):
    """A file of another tool, read and looked at as a recording."""

    def read(_place, _chance):
        tape = read_foreign(Path(name))
        looked(Tape(tape.after(tape.began)))

    return read


def workflow(place, _chance):
    known = parsed(place / "object_info.json")
    file = read_workflow_file(f"{CONTRACT}/workflow.json")
    for finding in lint_workflow(file.document, known):
        file.line(finding.location.node_id, finding.location.input)


def converted(name):
    """A workflow of the editor, converted for an inventory of its own classes and linted."""

    def read(place, _chance):
        known = parsed(place / f"{name}.info")
        try:
            lint_workflow(convert_workflow(read_workflow_file(f"{name}.json").document, known), known)
        except ConversionError:
            return

    return read


def inventory(place, chance):
    damaged = inventory_in(Path("object_info.json"))
    asked = parsed(place / CONTRACT / "workflow.json")
    definitions_of(damaged)
    lint_workflow(asked, damaged)
    if chance.randrange(4) == 0:
        sides = [damaged, parsed(place / "object_info.kept")]
        chance.shuffle(sides)
        compare_inventories(*sides, [NamedWorkflow(asked, "workflow.json")])


def image(name):
    def read(_place, _chance):
        data = Path(name).read_bytes()
        look_at(data)
        reduced(data, 8)

    return read


def packed(name):
    def read(_place, chance):
        named = name.partition(".")[2]
        named = named if chance.random() < 0.9 else chance.choice(("gzip, deflate", "br", "x-gzip"))
        decode_content(Path(name).read_bytes(), named)

    return read


def base64_text(_place, _chance):
    """A body as vcr files spell bytes, and as HARs do."""
    said = Path("packed.base64").read_bytes().decode("latin-1")
    request = {"method": "GET", "uri": "http://127.0.0.1/x"}
    try:
        exchange_of(request, {"status": {"code": 200}, "body": {"base64_string": said}})
    except ValueError:
        return


def redacted(name, kind, encoding=""):
    """A body of that content type, cleaned, and what is left searched."""

    def read(_place, _chance):
        redactor = Redactor(Secrets.of(["not-a-key-1"]))
        clean, _ = redactor.body(Path(name).read_bytes(), kind, encoding)
        redactor.scan(clean)

    return read


def listing(_place, _chance):
    answer = Response(200, body=Body.of(Path("listing.xml").read_bytes()))
    seen = VolumeListing([Exchange(Request("GET", LISTED), answer)])
    _ = seen.trouble, seen.objects, seen.looked_in


def alerts(_place, _chance):
    """What would be told, as every channel would write it, and the state as it would be kept."""
    state = StateFile(Path("alerts.json"))
    outcome = Round(settings=Settings(), state=state, contract="told").preview(["report.json"])
    for delivery in outcome.deliveries:
        message = Message(subject=delivery.subject, workflow="workflow.json", changes=delivery.changes)
        json.dumps(slack_payload(message))
        text(message).encode()
    StateFile(Path("kept.json")).write(state.read())


# -- what is damaged


def xml_damage(_place, file, kept, chance):
    """As a file, or a text in it."""
    if chance.random() < 0.4:
        file.write_bytes(mutated(kept, "bytes", chance))
    else:
        file.write_bytes(worded(kept, b">", b"<", chance))


def picture_damage(_place, file, kept, chance):
    if file.suffix == ".png" and chance.random() < 0.6:
        file.write_bytes(png_damage(kept, chance))
    else:
        file.write_bytes(flipped(kept, chance))


def bodies(place, chance):
    return CASSETTE / "bodies" / chance.choice(sorted(kept_in(place)))


@cache
def kept_in(place):
    return frozenset(path.name for path in (place / CASSETTE / "bodies").iterdir())


def index_back(place):
    """The index and the bodies as they were."""
    kept = kept_in(place)
    (place / CASSETTE / "cassette.json").write_bytes((place / "index.kept").read_bytes())
    for path in (place / CASSETTE / "bodies").iterdir():
        if path.name not in kept:
            path.unlink()


def cut_back(place):
    """The recording that was cut off, without what finishing it wrote."""
    kept, cut = place / "cut", place / "cassettes/cut"
    for path in cut.rglob("*"):
        there = kept / path.relative_to(cut)
        if path.is_symlink() or not there.exists():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    shutil.copytree(kept, cut, dirs_exist_ok=True)


READERS = (
    Kind("contract", one(CONTRACT / "contract.yaml"), spelled("yaml"), contract),
    Kind("accepted", one(CONTRACT / "accepted.yaml"), spelled("yaml"), accepted),
    Kind("versions", one(CONTRACT / "versions.yaml"), spelled("yaml"), versions, inside=True),
    Kind("schema", one(CONTRACT / "status.schema.json"), spelled("json"), schema, inside=True),
    Kind("suite", one(CONTRACT / ".runpod/tests.json"), spelled("json"), suite),
    Kind("scenario", one("scenario.yaml"), spelled("yaml"), scenario),
    Kind("settings", one("pyproject.toml"), spelled("bytes"), settings),
    Kind("cassette", one(CASSETTE / "cassette.json"), index_damage, cassette, inside=True),
    Kind("body", bodies, body_damage, cassette, (), index_back, inside=True),
    Kind("journal", one("cassettes/cut/journal.jsonl"), spelled("lines"), resume, (), cut_back, inside=True),
    Kind("har", one("tape.har"), har_damage, foreign("tape.har")),
    Kind("vcr-yaml", one("tape.yaml"), spelled("yaml"), foreign("tape.yaml")),
    Kind("vcr-json", one("tape.vcr.json"), spelled("json"), foreign("tape.vcr.json")),
    Kind("webhook", one("hooks.json"), spelled("lines"), foreign("hooks.json")),
    Kind("workflow", one(CONTRACT / "workflow.json"), spelled("json"), workflow),
    Kind("ui-workflow", one("ui.json"), spelled("json"), converted("ui")),
    Kind("ui-subgraph", one("subgraph.json"), spelled("json"), converted("subgraph")),
    Kind("inventory", one("object_info.json"), spelled("json"), inventory),
    *(
        Kind(f"image-{suffix}", one(f"picture.{suffix}"), picture_damage, image(f"picture.{suffix}"), links=0)
        for suffix in ("png", "webp", "gif", "jpg")
    ),
    *(
        Kind(f"packed-{name}", one(f"packed.{name}"), spelled("bytes"), packed(f"packed.{name}"), links=0)
        for name in ("gzip", "deflate")
    ),
    Kind("packed-base64", one("packed.base64"), spelled("bytes"), base64_text, links=0),
    Kind("redacted-json", one("said.json"), spelled("json"), redacted("said.json", "application/json"), links=0),
    Kind("redacted-text", one("said.txt"), spelled("bytes"), redacted("said.txt", "text/plain"), links=0),
    Kind("redacted-form", one("said.form"), spelled("bytes"), redacted("said.form", "application/x-www-form-urlencoded"), links=0),
    Kind("redacted-gzip", one("said.gz"), spelled("bytes"), redacted("said.gz", "application/json", "gzip"), links=0),
    Kind("listing", one("listing.xml"), xml_damage, listing, links=0),
    Kind("report", one("report.json"), spelled("json"), alerts, ("kept.json",)),
    Kind("alert-state", one("alerts.json"), spelled("json"), alerts, ("kept.json",)),
)  # fmt: skip
"""Every kind; a hundred to two thousand cases a second on one core."""
