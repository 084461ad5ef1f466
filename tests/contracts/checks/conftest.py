"""Real recordings, whole or with one thing changed, and the shipped contracts with one promise changed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from comfytape_cassettes import Body, Cassette, Exchange
from comfytape_cassettes.recording import Recording
from comfytape_contracts.checks import check
from comfytape_contracts.contract import Contract
from comfytape_contracts.routes import route_of
from comfytape_contracts.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfytape_contracts.findings import Finding
    from comfytape_contracts.verdicts import Report

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def danrisi() -> Cassette:
    """The shipped recording: 11 jobs and the whole inventory of a ComfyUI 0.10.0 with RES4LYF."""
    return Cassette.open(ROOT / "cassettes" / "z-image-danrisi")


@pytest.fixture
def rewritten(tmp_path: Path, danrisi: Cassette) -> Callable[..., Cassette]:
    """The shipped recording, each exchange passed through ``change``; None leaves it out."""

    def make(change: Callable[[Exchange], Exchange | None], *, source: Cassette | None = None) -> Cassette:
        source = source or danrisi
        made = Recording.start(tmp_path / "tape", plane="loopback", recorded_at=source.provenance.recorded_at)
        for exchange in source.exchanges:
            kept = change(exchange)
            if kept is not None:
                made.add(kept)
        for failure in source.failures:
            made.fail(failure)
        return made.finish()

    return make


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory, danrisi: Cassette) -> Cassette:
    """The first four jobs of the shipped recording, its inventory scoped to the workflow's classes: quick to rewrite."""
    kept = {job.id for job in Tape(danrisi).jobs[:4]}
    made = Recording.start(tmp_path_factory.mktemp("few"), plane="loopback", recorded_at=danrisi.provenance.recorded_at)
    for exchange in danrisi.exchanges:
        route = route_of(exchange.request.url)
        job = exchange.response.body.json()["id"] if route.name == "run" else route.argument
        whole = route.name == "object_info" and not route.argument
        if not whole and (route.plane == "comfyui" or route.name == "health" or job in kept):
            made.add(exchange)
    return made.finish()


@pytest.fixture
def with_output(few: Cassette, rewritten: Callable[..., Cassette]) -> Callable[..., Cassette]:
    """``few``, in which job ``number`` (from 1) ended with other fields in its final answer."""

    def make(number: int = 3, *, without: tuple[str, ...] = (), **fields: Any) -> Cassette:
        final = Tape(few).jobs[number - 1].states[-1].exchange

        def change(exchange: Exchange) -> Exchange:
            if exchange.request.url != final.request.url or exchange.started_ms != final.started_ms:
                return exchange
            said = {**exchange.response.body.json(), **fields}
            return saying(exchange, {key: value for key, value in said.items() if key not in without})

        return rewritten(change, source=few)

    return make


def saying(exchange: Exchange, document: Any, status: int = 200) -> Exchange:
    """The same exchange with another answer."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    headers = exchange.response.headers.with_("Content-Length", str(len(body)))
    return replace(exchange, response=replace(exchange.response, status=status, headers=headers, body=Body.of(body)))


@pytest.fixture(name="saying")
def saying_fixture() -> Callable[..., Exchange]:
    """The same exchange with another answer."""
    return saying


@pytest.fixture
def promise(tmp_path: Path) -> Callable[..., Contract]:
    """The shipped z-image-danrisi contract, which the recording meets but for the generation time, with keys changed.

    The generation budget is raised and few samples suffice, so that only what a test changes speaks; None leaves a key out.
    """

    def make(**keys: Any) -> Contract:
        folder = tmp_path / "contract"
        shutil.copytree(ROOT / "contracts" / "z-image-danrisi", folder)
        data = yaml.safe_load((folder / "contract.yaml").read_text())
        data["budgets"] |= {"generation_s": 60, "samples": 2}
        for key, value in keys.items():
            data[key] = {**data[key], **value} if isinstance(value, dict) and isinstance(data.get(key), dict) else value
        (folder / "contract.yaml").write_text(yaml.safe_dump({k: v for k, v in data.items() if v is not None}))
        return Contract.load(folder)

    return make


@pytest.fixture
def report(promise: Callable[..., Contract]) -> Callable[..., Report]:
    """The shipped contract, with keys changed, held to a cassette one day after it was recorded.

    The note that the recorded images carry their prompt is left out, for every tape has it.
    """

    def make(cassette: Cassette, *, days: float = 1, **keys: Any) -> Report:
        recorded = datetime.fromisoformat(cassette.provenance.recorded_at)
        found = check(promise(**keys), cassette, now=recorded + timedelta(days=days))
        return replace(found, findings=[f for f in found.findings if f.rule != "image-metadata"])

    return make


@pytest.fixture
def only() -> Callable[[Report, str], Finding]:
    """The one finding of a report, which must be of that rule."""

    def find(found: Report, rule: str) -> Finding:
        assert [f.rule for f in found.findings] == [rule], [f.message for f in found.findings]
        return found.findings[0]

    return find


@pytest.fixture
def retold(tmp_path):
    """A cassette with further exchanges in front and requests that failed."""

    def make(cassette, *, before=(), failures=()):
        made = Recording.start(tmp_path / "retold", plane="loopback", recorded_at=cassette.provenance.recorded_at)
        for exchange in (*before, *cassette.exchanges):
            made.add(exchange)
        for failure in failures:
            made.fail(failure)
        return made.finish()

    return make
