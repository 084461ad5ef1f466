"""What real tapes say about time, and what they do not say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from comfytape_cassettes import Cassette
from comfytape_contracts.contract.model import Cost
from comfytape_contracts.routes import route_of
from comfytape_contracts.tape import Tape
from comfytape_contracts.timing import Warmth, timings_of, warmth_of
from comfytape_contracts.timing_load import busy_ms, levels_of, moments_of
from comfytape_contracts.timing_tables import figures_of, tables_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def danrisi():
    """Eleven jobs: one alone, then two at a time on two workers."""
    return Tape(Cassette.open(ROOT / "cassettes" / "z-image-danrisi"))


@pytest.fixture(scope="module")
def noise():
    """Ten jobs, one after another, on one worker."""
    return Tape(Cassette.open(ROOT / "cassettes" / "noise-1024"))


class Less:
    """A recording without some of its exchanges."""

    def __init__(self, cassette, drop):
        self.exchanges = [e for e in cassette.exchanges if not drop(e)]
        self.failures = ()
        self.provenance = cassette.provenance


def table(tables, title):
    return next(t for t in tables if t.title == title)


def test_one_job_is_cold_one_gets_a_worker_of_its_own_the_rest_is_warm(danrisi):
    """The third job ran first on a second worker: its execution holds that worker's start, though one was up."""
    found = [t.warmth for t in timings_of(danrisi)]
    assert found == [Warmth.COLD, Warmth.WARM, Warmth.ADDED, *[Warmth.WARM] * 8]


def test_without_health_no_job_is_called_warm_unless_it_followed_another_at_once(danrisi):
    """Unknown is unknown: ids alone do not tell a worker that stopped and started from one that was up."""
    less = Tape(Less(danrisi.cassette, lambda e: route_of(e.request.url).name == "health"))
    found = timings_of(less)
    assert {t.warmth for t in found} <= {Warmth.UNKNOWN, Warmth.WARM}
    assert found[0].warmth is Warmth.UNKNOWN
    for t in found:
        if t.warmth is Warmth.WARM:
            before = [o for o in found if o.worker == t.worker and o.job.submitted_ms < t.job.submitted_ms]
            assert any(o.job.submitted_ms + o.delay_ms + o.execution_ms > t.job.submitted_ms for o in before)


def test_a_ready_worker_that_was_not_seen_at_work_is_unknown(noise):
    """An endpoint at rest says that a worker is ready too: here the tape begins after the first two jobs."""
    gone = {job.id for job in noise.jobs[:2]}
    late = noise.jobs[2].submitted_ms - 1
    less = Tape(Less(noise.cassette, lambda e: e.started_ms < late and (
        route_of(e.request.url).argument in gone or route_of(e.request.url).name == "run")))  # fmt: skip
    assert [t.warmth for t in timings_of(less)][:2] == [Warmth.UNKNOWN, Warmth.WARM]


def test_a_job_behind_a_cold_start_waited_for_it_and_ran_warm(noise):
    """No worker was up, and the one that came ran another job just before: its wait is cold, its execution is not."""
    job = noise.jobs[1]
    just_before = (job.submitted_ms + 100, job.submitted_ms + 200)
    long_before = (job.submitted_ms - 900, job.submitted_ms - 800)
    assert warmth_of(job, 0, just_before, 0) is Warmth.BEHIND
    assert Warmth.BEHIND.ran_warm
    assert warmth_of(job, 0, long_before, 1) is Warmth.COLD
    assert warmth_of(job, None, long_before, 1) is Warmth.UNKNOWN


def test_a_tape_that_begins_with_a_worker_up_has_no_cold_job(imported):
    """Ten jobs, two at a time: what the first found is not known, the second waited for it, the third got a worker of its own."""
    found = [t.warmth for t in timings_of(Tape(imported("runpod-ten-samples.har")))]
    assert found[:3] == [Warmth.UNKNOWN, Warmth.WARM, Warmth.ADDED]
    assert Warmth.COLD not in found


def test_polling_overhead_is_what_the_client_saw_beyond_what_the_platform_told(noise):
    """Observed less delay less execution; never less than nothing by more than the clocks' grain."""
    for t in timings_of(noise):
        assert t.overhead_ms == pytest.approx(t.observed_ms - t.delay_ms - t.execution_ms)
        assert -50 < t.overhead_ms < 3000


def test_a_prompt_of_a_comfyui_has_an_execution_and_no_delay(imported):
    """Without RunPod nothing is billed and nothing queued: the first is unknown, for models may have to be loaded."""
    found = timings_of(Tape(imported("comfyui-prompt.har")))
    done = [t for t in found if t.succeeded]
    assert done
    assert done[0].warmth is Warmth.UNKNOWN
    assert {(t.delay_ms, t.overhead_ms) for t in done} == {(None, None)}


def test_jobs_are_counted_under_the_most_that_were_under_way(danrisi):
    """One alone, then ten of which two were always under way, on two workers."""
    levels = levels_of(timings_of(danrisi))
    assert [(level.at_once, len(level.timings), level.workers) for level in levels] == [(1, 1, 1), (2, 10, 2)]
    assert levels[1].images_per_minute > 2 * levels[0].images_per_minute


def test_pauses_are_not_counted_into_throughput(noise):
    """The time in which a job was under way is at most the sum of the jobs, and at least the longest."""
    timings = timings_of(noise)
    busy = busy_ms(t.job for t in timings)
    assert max(t.observed_ms for t in timings) <= busy <= sum(t.observed_ms for t in timings) + 1


def test_over_time_nothing_is_left_waiting_or_executing(danrisi):
    """What begins ends; never more than two at once, and the workers are those of /health."""
    moments = moments_of(danrisi, timings_of(danrisi))
    assert (moments[-1].waiting, moments[-1].executing) == (0, 0)
    assert max(m.waiting + m.executing for m in moments) == 2
    assert {m.able for m in moments} == {0, 1, 2}


def test_the_card_is_what_comfyui_said_where_nobody_listed_workers(danrisi):
    """And its source is named: that ComfyUI may be another machine than the worker."""
    assert {t.gpu for t in timings_of(danrisi)} == {"cpu (/system_stats)"}


def test_the_tables_show_cold_and_warm_apart(danrisi):
    """With too few jobs for a p95, that is what it says."""
    times = table(tables_of(danrisi, None), "Times")
    rows = {row[0]: row[1:] for row in times.rows}
    assert rows["waited, met no worker"][0] == "1"
    assert rows["ran, warm"][0] == "9"
    assert rows["ran, warm"][3] == "too few"
    assert all(len(row) == len(times.columns) for row in times.rows)


def test_an_outlier_is_named_and_stays(danrisi):
    """The second job had the machine to itself and was twice as fast: said, with what changes, and not dropped."""
    note = next(n for n in table(tables_of(danrisi, None), "Times").notes if n.startswith("ran, warm"))
    assert "job 2 (18.5 s) stands out" in note
    assert note.endswith("It is in the figures.")


def test_costs_add_up(danrisi):
    """Jobs to the sum, workers to the sum, images to their share."""
    rows = {row[0]: float(row[2]) for row in table(tables_of(danrisi, Cost(usd_per_second=0.001)), "Cost").rows}
    whole = rows["all 11 jobs"]
    assert sum(v for name, v in rows.items() if name.startswith("job ")) == pytest.approx(whole, abs=1e-4)
    assert sum(v for name, v in rows.items() if name.startswith("worker ")) == pytest.approx(whole, abs=1e-4)
    assert rows["an image, of 11"] == pytest.approx(whole / 11, abs=1e-5)


def test_without_a_price_there_is_no_table_of_cost(danrisi):
    """Not a table of zeros."""
    assert "Cost" not in [t.title for t in tables_of(danrisi, None)]


def test_a_tape_without_jobs_has_no_tables(imported):
    """Nothing to tell."""
    tape = Tape(imported("danrisi-inventory.har"))
    assert tables_of(tape, None) == []
    assert figures_of(tape) == {}


def test_the_measurements_say_the_same_as_the_tables(noise):
    """Medians in milliseconds, throughput where there is one level."""
    figures = figures_of(noise)
    warm = [t.delay_ms for t in timings_of(noise) if t.warmth is Warmth.WARM]
    assert figures["queue_median_ms"] == round(median(warm))
    assert figures["jobs_at_once"] == 1
    assert figures["workers_seen"] == 1
    assert 10 < figures["images_per_minute"] < 20
    assert figures["execution_median_from_ms"] <= figures["execution_median_to_ms"]


def test_one_slow_job_of_ten_changes_what_the_guide_says(tmp_path):
    """docs/outlier.py: the median hardly moves, the maximum does, the job is named; performance.md shows this."""
    made = tmp_path / "outlier"
    subprocess.run([sys.executable, str(ROOT / "docs/outlier.py"), str(made)], check=True, timeout=60)
    times = table(tables_of(Tape(Cassette.open(made)), None), "Times")
    row = next(row for row in times.rows if row[0] == "ran, warm")
    note = next(note for note in times.notes if note.startswith("ran, warm"))
    guide = (ROOT / "docs/performance.md").read_text()
    assert note in guide
    assert re.search(r"\s+".join(map(re.escape, row)), guide)
