"""From findings to verdict and exit code: what weighs more, and that nothing examined is never green."""

from __future__ import annotations

import pytest

from comfytape_contracts.findings import Severity, Verdict
from comfytape_contracts.rules import catalogue
from comfytape_contracts.tape import Tape
from comfytape_contracts.verdicts import ExitCode, Report, exit_code_of, verdict_of, worst_exit_code

BROKEN, UNKNOWN, BUDGET, STALE = "failure-other", "no-jobs", "budget-generation", "recording-stale"
KEYS = {"tool", "format", "verdict", "counts", "findings", "measurements"}
FINDING_KEYS = {
    "rule", "severity", "message", "hint", "fingerprint", "location", "expected", "actual", "server_error",
}  # fmt: skip


def findings(*rules):
    return [catalogue()[rule].finding("said") for rule in rules]


@pytest.mark.parametrize(
    ("rules", "examined", "code"),
    [
        ([], 5, ExitCode.PASS),
        ([], 0, ExitCode.NOTHING),
        ([STALE], 5, ExitCode.PASS),
        ([STALE], 0, ExitCode.NOTHING),
        ([BUDGET], 5, ExitCode.BUDGET),
        ([UNKNOWN], 5, ExitCode.UNKNOWN),
        ([BROKEN], 5, ExitCode.BROKEN),
        ([BUDGET, UNKNOWN], 5, ExitCode.UNKNOWN),
        ([UNKNOWN, BUDGET, BROKEN], 5, ExitCode.BROKEN),
        (["budget-unknown"], 5, ExitCode.UNKNOWN),
        (["budget-unknown", BUDGET], 5, ExitCode.UNKNOWN),
    ],
)
def test_broken_before_unknown_before_nothing_before_a_budget(rules, examined, code):
    """The heaviest finding decides the exit code; warnings decide nothing; nothing examined is never green."""
    assert exit_code_of(findings(*rules), examined=examined) is code


def test_warnings_fail_where_that_was_asked_for():
    """``--fail-on warning`` counts them."""
    assert exit_code_of(findings(STALE), examined=1, fail_on=Severity.WARNING) is ExitCode.BROKEN


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (ExitCode.PASS, Verdict.PASS),
        (ExitCode.BROKEN, Verdict.FAIL),
        (ExitCode.BUDGET, Verdict.FAIL),
        (ExitCode.UNKNOWN, Verdict.UNKNOWN),
        (ExitCode.NOTHING, Verdict.UNKNOWN),
    ],
)
def test_only_pass_is_green(code, verdict):
    """Every exit code has one verdict."""
    assert verdict_of(code) is verdict


def test_several_reports_end_with_the_worst():
    """5 is a smaller trouble than 1, 3 and 4, though its number is greater."""
    codes = [ExitCode.PASS, ExitCode.BUDGET, ExitCode.NOTHING, ExitCode.UNKNOWN, ExitCode.BROKEN]
    assert [worst_exit_code(codes[:n]) for n in range(6)] == [ExitCode.PASS, *codes]


def test_an_empty_cassette_is_not_green(rewritten, report):
    """A recording that holds nothing: UNKNOWN."""
    found = report(rewritten(lambda _: None))
    assert (found.verdict, found.examined) == (Verdict.UNKNOWN, 0)


def test_no_severity_turns_what_was_not_examined_green(rewritten, report):
    """Every rule that says "unknown" turned down to info: the run still examined nothing and ends with exit code 4."""
    quiet = dict.fromkeys(("budget-unknown", "dependency-unknown", "no-jobs"), "info")
    found = report(rewritten(lambda _: None), severities=quiet)
    assert {str(f.severity) for f in found.findings} == {"info"}
    assert (found.exit_code, found.verdict) == (ExitCode.NOTHING, Verdict.UNKNOWN)
    assert Verdict.PASS not in {line.verdict for line in found.lines if "days old" not in line.promise}


def test_a_severity_turned_down_changes_finding_line_and_exit_code(with_output, report):
    """A broken promise that the contract takes for a warning: the line of the report agrees with the exit code."""
    found = report(with_output(output={}), severities={"job-no-images": "warning", "budget-success-rate": "info"})
    assert [str(f.severity) for f in found.findings] == ["warning", "info"]
    assert (found.exit_code, found.verdict) == (ExitCode.PASS, Verdict.PASS)
    assert all(line.verdict is Verdict.PASS for line in found.lines)


def test_a_severity_turned_up_changes_finding_line_and_exit_code(few, report, only):
    """The scheduled job fails on a stale recording: finding, line and exit code say so together."""
    found = report(few, days=91, severities={"recording-stale": "error"})
    assert only(found, "recording-stale").severity == "error"
    assert found.exit_code is ExitCode.BROKEN
    assert [line.verdict for line in found.lines if "days old" in line.promise] == [Verdict.FAIL]


def test_an_advisory_part_warns(with_output, report):
    """A drafted expectation does not fail a build, and its line says that it only advises."""
    found = report(with_output(), outputs={"width": 64}, advisory=["outputs"])
    assert [(f.rule, str(f.severity)) for f in found.findings] == [("image-shape", "warning")]
    line = next(line for line in found.lines if line.promise.startswith("images decode"))
    assert (line.verdict, line.evidence.partition(":")[0]) == (Verdict.PASS, "advisory")
    assert found.exit_code is ExitCode.PASS


def test_a_severity_beats_an_advisory_part(with_output, report):
    """What the contract says of one rule is more than what it says of a part."""
    found = report(with_output(), outputs={"width": 64}, advisory=["outputs"], severities={"image-shape": "error"})
    assert found.exit_code is ExitCode.BROKEN


def test_advice_does_not_make_the_unknown_green(few, rewritten, report):
    """A part that only advises and could not be examined stays unknown in its line."""
    found = report(rewritten(lambda e: None if "/object_info" in e.request.url else e, source=few), advisory=["nodes"])
    assert [str(f.severity) for f in found.findings] == ["warning"]
    assert [line.verdict for line in found.lines if "required nodes" in line.promise] == [Verdict.UNKNOWN]


def test_a_stale_recording_warns(few, report, only):
    """In a pull request an old recording warns and passes."""
    found = report(few, days=91)
    finding = only(found, "recording-stale")
    assert (finding.severity, finding.expected, finding.actual) == ("warning", 90, 91.0)
    assert found.exit_code is ExitCode.PASS


def test_a_fresh_recording_is_said_to_be_fresh(few, report):
    """The age is in the report, whatever the contract allows."""
    found = report(few, days=89.5)
    assert found.findings == []
    assert found.measurements["recording_age_days"] == 89.5


def test_a_contract_without_max_age_says_nothing_of_it(few, report):
    """No promise, no line."""
    found = report(few, days=1000, max_age=None)
    assert not [line for line in found.lines if "days old" in line.promise]


@pytest.mark.parametrize(("wanted", "rules"), [(">=0.3.74", []), (">=0.11", ["comfyui-version"]), ("==0.10.*", [])])
def test_the_version_range_is_held(few, report, wanted, rules):
    """PEP 440 ranges over ComfyUI's own version."""
    assert [f.rule for f in report(few, versions={"comfyui": wanted}).findings] == rules


@pytest.mark.parametrize(("version", "words"), [("nightly", "it says 'nightly'"), ("", "holds no /system_stats")])
def test_a_version_that_is_none_is_unknown(few, rewritten, saying, report, only, version, words):
    """A fork's version, or none at all, cannot be compared."""

    def changed(exchange):
        if not exchange.request.url.endswith("/system_stats"):
            return exchange
        document = exchange.response.body.json()
        document["system"]["comfyui_version"] = version
        return saying(exchange, document)

    assert words in only(report(rewritten(changed, source=few)), "dependency-unknown").message


def test_a_rate_below_the_promise_is_a_budget(with_output, report):
    """3 of 4 where 100 % are promised, and 75 % where 75 % are."""
    tape = with_output(status="FAILED", without=("output",))
    found = report(tape, severities={"failure-other": "info"})
    assert [f.rule for f in found.findings] == ["budget-success-rate", "failure-other"]
    assert (found.findings[0].expected, found.findings[0].actual) == (1.0, 0.75)
    assert found.exit_code is ExitCode.BUDGET


def test_a_rate_that_meets_the_promise_holds(with_output, report):
    """A contract may allow for failures."""
    tape = with_output(status="FAILED", without=("output",))
    found = report(tape, severities={"failure-other": "info"}, budgets={"success_rate": 0.75})
    assert found.exit_code is ExitCode.PASS


def test_too_few_samples_are_a_budget(few, report, only):
    """Four jobs where ten are promised."""
    found = report(few, budgets={"samples": 10})
    assert (only(found, "budget-samples").actual, found.exit_code) == (4, ExitCode.BUDGET)


def test_a_cold_start_over_budget_is_a_budget(few, report, only):
    """40 s where 10 are promised, with the share that was waiting."""
    found = report(few, budgets={"cold_start_s": 10})
    assert 35 < only(found, "budget-cold-start").actual < 45
    assert found.exit_code is ExitCode.BUDGET


def test_a_cold_job_alone_leaves_the_times_unknown(few, rewritten, report):
    """Without a warm job there is nothing to compare the cold one with, and no generation time."""
    others = {job.id for job in Tape(few).jobs[1:]}

    def first_only(exchange):
        said = exchange.response.body.text()
        return None if any(job in exchange.request.url or job in said for job in others) else exchange

    found = report(rewritten(first_only, source=few), budgets={"samples": 1})
    assert {f.rule for f in found.findings} == {"budget-unknown"}
    assert any("no warm job to compare" in f.message for f in found.findings)
    assert found.exit_code is ExitCode.UNKNOWN


def test_without_promised_times_nothing_is_said_of_them(few, report):
    """Budgets that are left out are not checked, though the figures are still measured."""
    found = report(few, budgets={"cold_start_s": None, "generation_s": None})
    assert (found.findings, found.exit_code) == ([], ExitCode.PASS)
    assert found.measurements["generation_p95_ms"] > 0


def test_the_json_object_has_the_promised_keys(with_output, report):
    """``--json``'s keys, and those of every finding, are exactly the documented ones (more may stand beside them)."""
    document = report(with_output(output={})).to_json()
    assert document.keys() >= KEYS
    assert (document["tool"], document["format"], document["verdict"]) == ("comfytape", 1, "fail")
    assert document["counts"] == {"error": 2, "warning": 0, "info": 0}
    assert all(finding.keys() == FINDING_KEYS for finding in document["findings"])
    assert document["findings"][0]["location"].keys() == {"file", "line", "node_id", "class_type", "input"}


def test_fingerprints_do_not_move_with_words(with_output, report):
    """A message may be improved; what was accepted stays accepted."""
    one = report(with_output(output={})).findings[0]
    assert one.fingerprint == catalogue()[one.rule].finding("other words", identity={"job": 2}).fingerprint


def test_a_report_of_nothing_is_unknown():
    """The result model itself is never green by default."""
    assert Report(findings=[], examined=0).verdict is Verdict.UNKNOWN
