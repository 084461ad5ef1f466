"""The command line as a whole: completion, help, versions, near names."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli

ROOT = Path(__file__).parents[2]


def every_command(group=cli, above=()):
    """Each command with the words that call it, subcommands too."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        yield " ".join([*above, name]), command
        if isinstance(command, click.Group):
            yield from every_command(command, [*above, name])


@pytest.mark.parametrize("words", [words for words, _ in every_command()])
def test_help_has_an_example(words):
    """`--help` shows how the command is called, as a line that can be copied, and says what each option does."""
    done = CliRunner().invoke(cli, [*words.split(), "--help"])
    assert done.exit_code == 0
    assert re.search(rf"^  .*comfytape {words}\b", done.output.partition("\n")[2], re.MULTILINE), done.output


def test_every_option_is_explained():
    """No option without a sentence of its own."""
    silent = [
        (words, parameter.name)
        for words, command in every_command()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert silent == [], silent


@pytest.fixture
def folder(tmp_path):
    """A repository with contracts and cassettes."""
    for name in ("alpha", "beta"):
        (tmp_path / "contracts" / name).mkdir(parents=True)
        shutil.copy(ROOT / "contracts" / "noise-1024" / "contract.yaml", tmp_path / "contracts" / name)
    (tmp_path / "cassettes" / "monday").mkdir(parents=True)
    (tmp_path / "cassettes" / "monday" / "cassette.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("shell", "line", "expected"),
    [
        ("bash", "comfytape check ", {"alpha", "beta"}),
        ("zsh", "comfytape check al", {"alpha"}),
        ("fish", "comfytape record ", {"alpha", "beta"}),
        ("bash", "comfytape check alpha --cassette ", {"monday"}),
        ("bash", "comfytape replay ", {"monday"}),
        ("bash", "comfytape drift monday ", {"monday"}),
        ("bash", "comfytape ci ma", {"matrix"}),
        ("bash", "comfytape exp", {"explain", "export"}),
        ("bash", "comfytape check --rep", {"--report"}),
    ],
)
def test_completion_knows_commands_and_names(folder, shell, line, expected):
    """What the shell's own script asks for: commands, options, contracts and cassettes."""
    words = line.split()
    asked = {"bash": "COMP_WORDS", "zsh": "COMP_WORDS", "fish": "COMP_WORDS"}[shell]
    last = "" if line.endswith(" ") else words[-1]
    environment = {"_COMFYTAPE_COMPLETE": f"{shell}_complete", asked: line}
    environment["COMP_CWORD"] = last if shell == "fish" else str(len(words) if not last else len(words) - 1)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("COMFY")}
    done = subprocess.run(
        [str(Path(sys.executable).parent / "comfytape")],
        cwd=folder, env=kept | environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    found = {
        "bash": lambda: {text.partition(",")[2] for text in lines},
        "zsh": lambda: set(lines[1::3]),
        "fish": lambda: {text.partition(",")[2].partition("\t")[0] for text in lines},
    }[shell]()
    assert found == expected, done.stdout + done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_documented_and_its_script_is_printed(shell):
    """The line of the page is the one that prints the script."""
    assert f"_COMFYTAPE_COMPLETE={shell}_source comfytape" in (ROOT / "docs" / "command-line.md").read_text()
    done = CliRunner().invoke(cli, [], prog_name="comfytape", env={"_COMFYTAPE_COMPLETE": f"{shell}_source"})
    assert "_comfytape_completion" in done.output


def test_a_path_completes_where_no_name_fits(folder, monkeypatch):
    """A name that is none of ours is a path; so is everything where the settings cannot be read."""
    monkeypatch.chdir(folder)
    command = cli.get_command(click.Context(cli), "check")
    parameter = next(p for p in command.params if p.name == "contracts")
    assert [i.type for i in parameter.type.shell_complete(None, parameter, "./x")] == ["file"]
    (folder / "pyproject.toml").write_text("[tool.comfytape]\nnonsense = 1\n")
    assert [i.type for i in parameter.type.shell_complete(None, parameter, "al")] == ["file"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["chek"], "Did you mean 'check'?"),
        (["ci", "matrx"], "Did you mean 'matrix'?"),
        (["check", "--jsn"], "Did you mean '--json'?"),
        (["check", "alpa"], "did you mean 'alpha'?"),
        (["check", "alpha", "--cassette", "munday"], "did you mean 'monday'?"),
        (["check", "alpha", "--report", "htlm=x"], "did you mean 'html'?"),
        (["explain", "model-mising"], "did you mean"),
        (["replay", str(ROOT / "cassettes" / "noise-1024"), "--scenario", "stuck-quue"], "did you mean 'stuck-queue'?"),
        (["replay", "munday"], "did you mean 'monday'?"),
        (["drift", "munday", "monday"], "did you mean 'monday'?"),
    ],
)
def test_a_near_name_is_suggested(folder, monkeypatch, words, said):
    """Commands, options, contracts, recordings, formats, rules, scenarios: a slip costs one look."""
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 2
    assert said.lower() in done.output.lower(), done.output


def test_version_names_what_a_bug_report_needs():
    """comfytape, Python, the platform, the packages it stands on, the extras and whether they are there."""
    said = CliRunner().invoke(cli, ["--version"]).output
    for name in ("comfytape 0.", "Python 3.", " on ", "vcrpy", "requests", "pydantic", "deepdiff", "pillow", "uvicorn"):
        assert name in said
    assert re.search(r"extras: .*s3: s3fs \S+", said)
