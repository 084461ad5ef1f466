"""What the campaign of hostile files damages, and the commands that read it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hostile_damage import (
    any_of,
    bodies,
    body_damage,
    database_damage,
    har_damage,
    index_damage,
    one,
    png_damage,
    spelled,
)
from hostile_project import CASSETTE, CONTRACT, accepted_back, cut_back, index_back
from in_process import ask, command
from mutations import flipped

from comfytape.importing import import_files
from comfytape.settings import load_settings
from comfytape_cassettes import Cassette
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


def nothing(_place):
    pass


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
