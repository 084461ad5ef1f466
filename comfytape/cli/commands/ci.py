"""``comfytape ci``: what the GitHub action and the workflows of ``comfytape init --ci github`` run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from comfytape.ci.api import Repository
from comfytape.ci.comment import comment_text, marker_of, put_comment, request_number
from comfytape.ci.job import Job, carry_out
from comfytape.ci.matrix import matrix
from comfytape.ci.proposal import adopt, propose
from comfytape.ci.publication import COMMENT, known_formats, publish, set_outputs
from comfytape.cli.output import console, print_report
from comfytape.cli.suggesting import SuggestingGroup
from comfytape.settings import load_settings, names_in
from comfytape_cassettes import ComfytapeError, UsageError

__all__ = ["command"]

REPORT = Path("comfytape-report")
FOLDER = click.Path(path_type=Path, file_okay=False)
OFFLINE = Path(__file__).parents[2] / "ci" / "offline.sh"


class Words(click.ParamType[tuple[str, ...]]):
    """A list of words with spaces or line breaks between them."""

    name = "words"

    def convert(self, value: object, _param: click.Parameter | None, _ctx: click.Context | None) -> tuple[str, ...]:
        """The words."""
        return tuple(value.split()) if isinstance(value, str) else ()


WORDS = Words()
VARIABLES = {"auto_envvar_prefix": "COMFYTAPE_CI"}


@click.group("ci", cls=SuggestingGroup, short_help="Steps for workflows: run, matrix, comment, propose, offline.")
def command() -> None:
    """Run the steps of a continuous integration job. The GitHub action consists of them.

    Every option can also be given as a variable, such as COMFYTAPE_CI_REPORTS: in a workflow,
    values go through `env:` and never into a script.

    \b
    comfytape ci run --reports "html junit"
    comfytape ci offline comfytape ci run
    """  # noqa: D301


@command.command("run", short_help="Record where asked to, check, write all reports.", context_settings=VARIABLES)
@click.option("--contracts", type=WORDS, default="", metavar="NAMES", help="Contracts; default: all.")
@click.option("--cassette", metavar="PATH", help="The recording to check; default: the one of the contract's name.")
@click.option(
    "--cassettes", type=FOLDER, metavar="DIR",
    help="The folder of recordings; default: as for check, and comfytape-recorded with --mode live.",
)  # fmt: skip
@click.option(
    "--endpoints", type=WORDS, default="", metavar="IDS", help="Endpoints; each has a folder of its own in DIR."
)
@click.option(
    "--mode", type=click.Choice(["replay", "live"]), default="replay", show_default=True,
    help="replay checks recordings that are there; live makes them first, which costs GPU time.",
)  # fmt: skip
@click.option("--samples", type=click.IntRange(min=1), help="Jobs a contract; default: what the contract says.")
@click.option(
    "--budget", type=click.FloatRange(min=0, min_open=True), metavar="USD", help="For all recordings together."
)
@click.option("--reports", type=WORDS, default="", metavar="FORMATS", help="Report formats besides json and github.")
@click.option("--into", type=FOLDER, default=REPORT, show_default=True, metavar="DIR", help="Folder of the reports.")
@click.pass_context
def run(
    ctx: click.Context,
    contracts: tuple[str, ...],
    cassette: str | None,
    cassettes: Path | None,
    endpoints: tuple[str, ...],
    mode: str,
    samples: int | None,
    budget: float | None,
    reports: tuple[str, ...],
    into: Path,
) -> None:
    """Check every contract, print annotations, write the step summary, the reports, a comment and the outputs.

    A contract that cannot be looked at is UNKNOWN and does not keep the others from being checked. The exit code is
    that of `comfytape check`, the worst of all.

    \b
    comfytape ci run --contracts "z-image-danrisi noise-1024" --reports "html junit sarif"
    comfytape ci run --mode live --budget 0.50 --samples 3
    comfytape ci run --cassettes comfytape-recorded --endpoints "prod canary"
    """  # noqa: D301
    known_formats(reports)
    job = Job(
        contracts=contracts, cassette=cassette or "", cassettes=cassettes, endpoints=endpoints,
        live=mode == "live", samples=samples, budget_usd=budget,
    )  # fmt: skip
    settings = load_settings()
    result = carry_out(job, settings)
    out = console()
    for report in result.reports:
        print_report(out, report)
    found = publish(result, reports, into)
    set_outputs(found | {"cassettes": job.folder(settings).as_posix()})
    ctx.exit(result.exit_code)


@command.command(
    "matrix", short_help="Print strategy.matrix: contracts and endpoints over runners.", context_settings=VARIABLES
)
@click.option("--contracts", type=WORDS, default="", metavar="NAMES", help="Contracts; default: all.")
@click.option(
    "--endpoints", type=WORDS, default="", metavar="IDS", help="Endpoints; default: what the job's variables say."
)
@click.option(
    "--runners", type=click.IntRange(min=1), default=1, show_default=True,
    help="Jobs that share the contracts of one endpoint. They wait for each other where it has few workers.",
)  # fmt: skip
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    metavar="USD",
    help="For all jobs together; each gets its share.",
)
def plan(contracts: tuple[str, ...], endpoints: tuple[str, ...], runners: int, budget: float | None) -> None:
    """Print the matrix of a workflow as one line of JSON.

    \b
    comfytape ci matrix --endpoints "prod canary" --budget 2
    echo "matrix=$(comfytape ci matrix --runners 10)" >> "$GITHUB_OUTPUT"
    """  # noqa: D301
    names = contracts or tuple(names_in(load_settings().contracts, "contract.yaml"))
    click.echo(json.dumps(matrix(names, endpoints, runners, budget)))


@command.command("comment", short_help="Comment on the pull request, or renew the comment.", context_settings=VARIABLES)
@click.option("--into", type=FOLDER, default=REPORT, show_default=True, metavar="DIR", help="Folder of the reports.")
@click.option("--key", default="", help="Tells comments of several jobs apart; default: workflow and job.")
def comment(into: Path, key: str) -> None:
    """Write what `comfytape ci run` found as one comment on the pull request, over the one from before.

    Needs GITHUB_TOKEN with `pull-requests: write`. Where GitHub refuses (a fork's token may only read) or does not
    answer, a warning says so and the exit code stays 0: the verdict is that of the run.

    \b
    comfytape ci comment --key nightly
    """  # noqa: D301
    number = request_number(os.environ)
    if number is None:
        click.echo("no comment: this job does not run for a pull request")
        return
    path = into / COMMENT
    try:
        body = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"there is no report in {path}: {error.strerror}", hint="first: comfytape ci run") from error
    marker = marker_of(os.environ, key)
    try:
        text = comment_text(body, marker, os.environ)
        click.echo(f"commented {put_comment(Repository.of(os.environ), number, marker, text)}".rstrip())
    except ComfytapeError as error:
        words = f"no comment: {error}" + (f" ({error.hint})" if error.hint else "")
        click.echo(f"::warning title=comfytape::{' '.join(words.split())}")


@command.command("propose", short_help="Open a pull request with new recordings.", context_settings=VARIABLES)
@click.option(
    "--from", "recorded", type=FOLDER, default=Path("comfytape-recorded"), show_default=True, metavar="DIR",
    help="Folder of new recordings.",
)  # fmt: skip
@click.option("--base", default="main", show_default=True, metavar="BRANCH", help="The branch to merge into.")
@click.option("--into", type=FOLDER, default=REPORT, show_default=True, metavar="DIR", help="Folder of the reports.")
def offer(recorded: Path, base: str, into: Path) -> None:
    """Put new recordings in the place of the old ones and open a pull request, or bring the open one up to date.

    Needs a checkout and GITHUB_TOKEN with `contents: write` and `pull-requests: write`, and in the repository's
    settings "Allow GitHub Actions to create and approve pull requests".

    \b
    comfytape ci propose --base main
    """  # noqa: D301
    repository = Repository.of(os.environ)
    folders = adopt(recorded, load_settings().cassettes)
    path = into / COMMENT
    body = path.read_text(encoding="utf-8") if path.is_file() else "Recorded by `comfytape ci run --mode live`.\n"
    address = propose(repository, folders, base, body)
    click.echo(f"proposed {address}".rstrip() if address else "nothing to propose: the recordings are the same")


@command.command(
    "offline", short_help="Run a command with the network cut.", context_settings={"ignore_unknown_options": True}
)
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
def offline(words: tuple[str, ...]) -> None:
    """Run COMMAND where there is no network but loopback (Linux). Its exit code is passed on.

    \b
    comfytape ci offline comfytape ci run
    comfytape ci offline npm test
    """  # noqa: D301
    os.execvp("bash", ["bash", str(OFFLINE), *words])  # noqa: S606, S607 - a program that the user names
