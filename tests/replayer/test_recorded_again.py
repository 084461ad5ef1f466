"""What is recorded from a replay says what the original recording says."""

from __future__ import annotations

from pathlib import Path

import pytest

from comfytape_cassettes import Cassette
from comfytape_contracts.checks import check
from comfytape_contracts.contract import Contract
from comfytape_recorder.record import Options, record
from comfytape_recorder.target import Target
from comfytape_replayer import ReplayServer


class Silent:
    def job(self, sample, status, elapsed_s, spent_usd):
        """Nobody watches."""

    def say(self, text):
        """Nobody listens."""


@pytest.fixture
def contract():
    return Contract.load(Path(__file__).parents[2] / "contracts" / "noise-1024")


@pytest.fixture
def record_from(tmp_path, contract):
    """Record the contract from a replay of its cassette."""

    def run(cassette, samples, **server):
        with ReplayServer(cassette, **server) as replay:
            target = Target("any", "x", f"{replay.url}/v2", replay.url)
            options = Options(samples=samples, concurrency=min(samples, 5))
            outcome = record(contract, target, tmp_path / "again", options, Silent())
        assert outcome.cassette is not None
        return outcome.cassette

    return run


def test_the_verdict_and_the_measurements_are_the_originals(noise, contract, record_from):
    """Ten samples recorded from the replay: same verdict, findings and counts."""
    before = check(contract, noise)
    after = check(contract, record_from(noise, 10))
    assert after.verdict == before.verdict
    assert [f.fingerprint for f in after.findings] == [f.fingerprint for f in before.findings]  # messages name jobs
    # A replay that does not wait shows no queue and no cold start, and five jobs are asked for at once here.
    timed = ("_ms", "_per_minute", "_age_days", "_at_once")
    ours, theirs = (
        {name: value for name, value in report.measurements.items() if not name.endswith(timed)}
        for report in (after, before)
    )
    assert after.measurements["recording_age_days"] < before.measurements["recording_age_days"] + 1
    assert ours == theirs


def test_the_first_job_is_seen_as_a_cold_one(noise, record_from):
    """A recorder asks /health before it submits: no worker is up then."""
    cassette = record_from(noise, 1)
    health = [e for e in cassette.exchanges if e.request.url.endswith("/health")]
    assert set(health[0].response.body.json()["workers"].values()) == {0}


def test_a_cassette_recorded_from_a_replay_replays(noise, record_from, noise_workflows, client_of):
    """Nothing is lost on the way round."""
    again = record_from(noise, 1)
    assert isinstance(again, Cassette)
    with ReplayServer([again]) as server:
        client = client_of(server)
        first = client.post("/v2/any/runsync", {"input": {"workflow": noise_workflows[0]}}).json()
    with ReplayServer(noise) as server:
        client = client_of(server)
        original = client.post("/v2/any/runsync", {"input": {"workflow": noise_workflows[0]}}).json()
    assert first["output"] == original["output"]
