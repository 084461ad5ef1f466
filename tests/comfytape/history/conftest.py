"""Real runs, and the places where a history can be: an SQLite file, and a schema of its own in a real PostgreSQL."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy

from comfytape import Cassette, Contract, check
from comfytape.history import Run

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def report():
    """The shipped z-image-danrisi recording, checked a day after it was made: one budget is exceeded."""
    cassette = Cassette.open(ROOT / "cassettes/z-image-danrisi")
    moment = datetime.fromisoformat(cassette.provenance.recorded_at) + timedelta(days=1)
    return check(Contract.load(ROOT / "contracts/z-image-danrisi"), cassette, now=moment)


@pytest.fixture(scope="session")
def run(report):
    """The run of that report."""
    return Run.of(report)


@pytest.fixture(scope="session")
def series(run):
    """A function: the same run as recordings of consecutive days, with these findings each."""

    def of(*findings, endpoint="loopback/comfy"):
        return [
            replace(
                run, recording=f"{endpoint}-{day}", recorded_at=f"2026-06-{day:02}T08:00:00.000+00:00",
                cassette=f"day-{day}", findings=tuple(found), endpoint=endpoint,
            )
            for day, found in enumerate(findings, start=1)
        ]  # fmt: skip

    return of


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def url(request, tmp_path):
    """An empty place for a history."""
    if request.param == "sqlite":
        yield str(tmp_path / "history.sqlite")
        return
    server = os.environ.get("COMFYTAPE_TEST_POSTGRES")
    if not server:
        pytest.skip("needs a PostgreSQL: make test-services starts one (or set COMFYTAPE_TEST_POSTGRES)")
    engine = sqlalchemy.create_engine(server.replace("postgresql:", "postgresql+psycopg:"))
    schema = f"test_{secrets.token_hex(6)}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    yield f"{server}?options=-csearch_path%3D{schema}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    engine.dispose()
