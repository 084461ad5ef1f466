"""`comfytape alert` as people and CI meet it: words, exit codes, the state file, the digest."""

from __future__ import annotations

import fcntl
import json
import re
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from comfytape.alerts.link import link_of
from comfytape.alerts.state import StateFile
from comfytape.cli.main import cli
from comfytape_cassettes import UsageError
from comfytape_contracts.contract import Contract

from .conftest import NOON, SECRET_PATH, TOKEN

SLACK = "alerts: {channels: [{slack: SLACK_WEBHOOK_URL}]}\n"


@pytest.fixture
def alert(place, recorded):
    """Run the command on a report in a folder whose contract tells Slack."""
    place(SLACK)

    def run(report, *options):
        Path("report.json").write_text(json.dumps(recorded[report] if isinstance(report, str) else report))
        return CliRunner().invoke(cli, ["alert", "report.json", *options])

    return run


def test_it_says_what_was_told_to_whom(alert, slack):
    """And on the next run, that there is nothing to tell."""
    result = alert("one")
    assert result.exit_code == 0
    assert re.match(
        r"NEW error required-node-missing noise-1024: node 6 .*\n +told: SLACK_WEBHOOK_URL\n", result.output
    )
    assert alert("one").output == "nothing has changed: nobody is told\n"
    assert Path(".comfytape/alerts.json").exists()


def test_a_dry_run_sends_and_keeps_nothing(alert, slack):
    """What would be told is told on the terminal."""
    result = alert("one", "--dry-run")
    assert "would go to: SLACK_WEBHOOK_URL" in result.output
    assert slack.asked == []
    assert not Path(".comfytape/alerts.json").exists()


def test_a_failed_alert_ends_with_3_and_says_what_is_kept(alert, slack):
    """CI goes red though the check itself may be green."""
    slack.plan = [(404, {}, 0)]
    result = alert("one")
    assert result.exit_code == 3
    assert "SLACK_WEBHOOK_URL was not told of noise-1024: it answered 404 Not Found: ok; 1 kept" in result.output


def test_a_channel_without_its_variable_ends_with_2_and_the_alert_is_kept(alert, monkeypatch):
    """Found on a quiet day, too."""
    monkeypatch.delenv("SLACK_WEBHOOK_URL", raising=False)
    quiet, loud = alert("well"), alert("one")
    assert (quiet.exit_code, loud.exit_code) == (2, 2)
    assert "SLACK_WEBHOOK_URL is not set" in quiet.output
    assert "; 1 kept for the next run" in loud.output
    assert "→ set SLACK_WEBHOOK_URL to" in loud.output


def test_a_merged_report_tells_each_contract_and_names_the_silent_ones(alert, slack, recorded, tmp_path):
    """One file over many contracts, as `check` without names writes it."""
    other = (tmp_path / "contracts/noise-1024/contract.yaml").read_text().replace("noise-1024", "other", 1)
    folder = tmp_path / "contracts/other"
    folder.mkdir()
    (folder / "contract.yaml").write_text(other.replace(SLACK, "").replace("name: noise-1024", "name: other"))
    (folder / "workflow.json").write_text("{}")
    merged = {**recorded["one"], "contracts": [recorded["one"], {**recorded["one"], "contract": "other"}]}
    result = alert(merged)
    assert result.exit_code == 0
    assert "other has no 'alerts': nobody is told" in result.output
    assert len(slack.messages) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "is no report of comfytape"),
        ("not json", "is no report of comfytape"),
        (None, "there is no report report.json"),
        ("folder", "cannot be read"),
    ],
)
def test_what_is_no_report_is_said_with_how_to_write_one(place, text, said):
    """Exit code 2."""
    place(SLACK)
    if text == "folder":
        Path("report.json").mkdir()
    elif text is not None:
        Path("report.json").write_text(text)
    result = CliRunner().invoke(cli, ["alert", "report.json"])
    assert result.exit_code == 2
    assert said in result.output


def test_a_report_of_no_contract_asks_whose_alerts_these_are(alert, recorded):
    """As drift writes it."""
    result = alert({**recorded["one"], "contract": ""})
    assert result.exit_code == 2
    assert "--contract NAME" in result.output


def test_a_contract_that_tells_nobody_is_an_error(place, recorded):
    """Whoever runs it means to be told."""
    place("")
    Path("report.json").write_text(json.dumps(recorded["one"]))
    result = CliRunner().invoke(cli, ["alert", "report.json"])
    assert result.exit_code == 2
    assert "no 'alerts' in the contract of noise-1024" in result.output


def test_two_reports_about_the_same_are_refused(alert, slack, recorded):
    """The second would resolve what the first opened."""
    result = alert("one", "report.json")
    assert result.exit_code == 2
    assert "second report about noise-1024" in result.output


@pytest.mark.parametrize("text", ["{", '{"format": 2}', '{"streams": {"a": {"known": [{}]}}}'])
def test_a_damaged_state_or_one_of_another_version_is_refused(alert, slack, text):
    """Nothing is sent on a guess; the hint says what deleting it means."""
    Path("state.json").write_text(text)
    result = alert("one", "--state", "state.json")
    assert result.exit_code == 2
    assert "everything that is open is told once more" in result.output
    assert slack.asked == []


def test_a_state_that_cannot_be_written_stops_before_anybody_is_told(alert, slack):
    """Otherwise every run would tell it again."""
    Path("file").write_text("")
    for path in ("file/state.json", "/proc/state.json"):
        result = alert("one", "--state", path)
        assert result.exit_code == 2
        assert "cannot be written" in result.output
    Path("there").mkdir()
    (Path("there") / ".state.json.part").mkdir()
    assert "cannot be written" in alert("one", "--state", "there/state.json").output
    assert slack.asked == []


def test_the_state_file_survives_a_folder_in_its_place(tmp_path):
    """Reading says what is wrong."""
    with pytest.raises(UsageError, match="cannot be read"):
        StateFile(tmp_path).read()


def test_two_runs_at_once_tell_a_problem_once(alert, slack, tmp_path):
    """The second waits for the first; one that would wait too long says so."""
    path = tmp_path / ".comfytape/alerts.json"
    path.parent.mkdir()
    with (path.parent / "alerts.json.lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="another comfytape alert"), StateFile(path).locked(0.1):
            pass
        release = threading.Timer(0.5, fcntl.flock, (held, fcntl.LOCK_UN))
        release.start()
        began = time.monotonic()
        assert alert("one").exit_code == 0
        assert time.monotonic() - began >= 0.4
        release.join()


def test_the_digest_reminds_of_what_was_accepted_the_first_to_expire_first(place, tell, slack, recorded):
    """With reason, owner and the days that are left; problems that are open are counted."""
    place(SLACK)
    findings = recorded["two"]["findings"]
    Path("contracts/noise-1024/accepted.yaml").write_text(
        "accepted:\n"
        f"- {{fingerprint: {findings[0]['fingerprint']}, rule: r, reason: for ever}}\n"
        f"- {{fingerprint: {findings[1]['fingerprint']}, rule: r, reason: new image, owner: ben, "
        "first_seen: 2026-11-01, expires: 2026-11-30}\n"
    )
    report = {**recorded["well"], "accepted": findings}
    outcome = tell(report, digest=True)
    assert [d.is_digest for d in outcome.deliveries] == [True]
    (message,) = slack.messages
    assert message["text"] == "comfytape noise-1024: 2 accepted, 0 open"
    first, last = (block["text"]["text"] for block in message["blocks"][1:3])
    assert "(until 2026-11-30, 7 days left, since 2026-11-01 by ben: new image)" in first
    assert "(no last day: for ever)" in last


def test_a_digest_of_nothing_is_not_sent_and_one_of_much_is_cut(place, tell, slack, recorded):
    """50 blocks hold no more."""
    place(SLACK)
    assert tell("well", digest=True).deliveries[0].is_digest is False
    findings = [{**recorded["one"]["findings"][0], "fingerprint": f"{n:016x}"} for n in range(60)]
    entries = "".join(f"- {{fingerprint: '{n:016x}', rule: r, reason: x, expires: 2026-11-01}}\n" for n in range(60))
    Path("contracts/noise-1024/accepted.yaml").write_text("accepted:\n" + entries)
    tell({**recorded["well"], "accepted": findings}, 1, digest=True)
    assert "over for 22 days" in slack.words()
    assert "and 21 more, see accepted.yaml" in slack.words()


def test_a_digest_that_fails_is_reported(alert, slack, recorded):
    """It is not kept: the next one says it anew."""
    slack.plan = [(200, {}, 0), (404, {}, 0)]
    result = alert("one", "--digest")
    assert result.exit_code == 3
    slack.plan = []
    assert "digest of noise-1024 → SLACK_WEBHOOK_URL" in alert("one", "--digest").output


def test_no_secret_is_in_state_message_terminal_or_log(
    place, tell, slack, github, recorded, monkeypatch, caplog, capfd
):
    """Not even where the endpoint, or the receiver, says it back."""
    place("alerts: {channels: [{slack: SLACK_WEBHOOK_URL}, {apprise: ONCALL_URL}], github_issue: true}\n")
    oncall = "json://user:" + "oncallPassw0rd9" + "@127.0.0.1:1/hook"
    monkeypatch.setenv("ONCALL_URL", oncall)
    url = f"http://{slack.host}{SECRET_PATH}"
    leaking = {**recorded["one"]}
    leaking["findings"] = [{**leaking["findings"][0], "message": f"sent {url} with {TOKEN} and {oncall}"}]
    slack.take = lambda *_: (403, {}, f"invalid token {url}".encode())
    outcome = tell(leaking)
    assert outcome.exit_code == 3
    seen = "".join(d.failure for d in outcome.deliveries)
    seen += Path("state.json").read_text() + caplog.text + "".join(capfd.readouterr()) + repr(github.issues)
    seen += repr([change for d in outcome.deliveries for change in d.changes])
    for secret in (SECRET_PATH.rpartition("/")[2], TOKEN, "oncallPassw0rd9"):
        assert secret not in seen


@pytest.mark.parametrize("url", ["nonsense", "https://slack.example", "https://user:pw@host/x", "https://host/a b"])
def test_a_webhook_that_is_none_is_said_without_repeating_it(alert, monkeypatch, url):
    """It may be a secret with a slip in it."""
    monkeypatch.setenv("SLACK_WEBHOOK_URL", url)
    result = alert("one")
    assert result.exit_code == 2
    assert "holds no webhook" in result.output
    assert url not in result.output


def test_an_apprise_url_that_is_none_is_found_on_a_quiet_day(place, tell, monkeypatch):
    """apprise itself looks at it; nothing is sent."""
    place("alerts: {channels: [{apprise: ONCALL_URL}]}\n")
    monkeypatch.setenv("ONCALL_URL", "nonsense" + "://secretvalue")
    outcome = tell("well")
    assert outcome.exit_code == 2
    assert outcome.deliveries[0].failure == "ONCALL_URL holds no URL that apprise knows"


@pytest.mark.parametrize(
    ("alerts", "said"),
    [
        ("{}", "at least one entry in 'channels'"),
        ("{channels: [{slack: 'https://hooks.slack.com/services/x'}]}", "not shown here since it may be a key"),
        ("{channels: [{}]}", "either 'slack' or 'apprise'"),
        ("{channels: [{slack: A, apprise: B}]}", "either 'slack' or 'apprise'"),
        ("{channels: [{slack: A}, {apprise: A}]}", "named by two channels"),
        ("{github_issue: true, suppress: 6}", "expected a time span such as 30m, 6h or 1d"),
        ("{github_issue: true, on: info}", "'error' or 'warning'"),
        ("{github_issue: true, report_url: 'ftp://x'}", "begins with http"),
        ("{github_issue: true, report_url: 'https://x/{GITHUB_TOKEN}'}", "the name of a secret"),
        ("{github_issue: true, report_url: 'https://x/{name}'}", "expected {contract} or the {NAME}"),
        ("{github_isue: true}", "did you mean 'github_issue'?"),
    ],
)
def test_a_slip_in_the_contract_is_named(place, alerts, said):
    """File, line, key, what was expected."""
    folder = place(f"alerts: {alerts}\n")
    with pytest.raises(UsageError, match=re.escape(said)):
        Contract.load(folder / "contracts/noise-1024")


def test_on_may_be_written_as_yaml_reads_it_and_in_quotes(place):
    """YAML 1.1 takes a bare `on` for True."""
    for spelled in ("on", "'on'"):
        folder = place(f"alerts: {{github_issue: true, {spelled}: warning}}\n")
        assert Contract.load(folder / "contracts/noise-1024").model.alerts.on == "warning"


def test_the_link_is_the_run_on_github_unless_the_contract_says_otherwise(monkeypatch):
    """A link whose variables are not set is none."""
    for name, value in (
        ("GITHUB_SERVER_URL", "https://github.example"),
        ("GITHUB_REPOSITORY", "acme/endpoints"),
        ("GITHUB_RUN_ID", "77"),
    ):
        monkeypatch.setenv(name, value)
    assert link_of(None, "x") == "https://github.example/acme/endpoints/actions/runs/77"
    assert link_of("https://r.example/{contract}?run={GITHUB_RUN_ID}", "a b") == "https://r.example/a%20b?run=77"
    monkeypatch.delenv("GITHUB_RUN_ID")
    assert link_of(None, "x") == ""
    monkeypatch.setenv("BASE", "javascript:alert(1)")
    assert link_of("{BASE}", "x") == ""


def test_moments_are_kept_with_their_zone(place, tell, slack):
    """A state is read on another machine."""
    place(SLACK)
    tell("one")
    state = json.loads(Path("state.json").read_text())
    assert state["streams"]["noise-1024"]["known"][0]["opened"] == NOON.isoformat().replace("+00:00", "Z")
