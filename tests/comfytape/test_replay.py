"""``comfytape replay`` as a process."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from comfytape.cli.commands.replay import has_no_settings, place_of, secrets
from comfytape.cli.main import cli

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("COMFYTAPE_")}


@contextmanager
def replaying(*arguments):
    """The command, running; yields the process and the URL that it printed."""
    command = [sys.executable, "-m", "comfytape", "replay", *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    try:
        yield process, process.stdout.readline().removeprefix("listening on ").strip()
    finally:
        process.kill()
        process.communicate()


def test_it_prints_one_line_when_it_can_answer():
    """The line is what scripts wait for, and the URL in it answers."""
    with replaying("z-image-danrisi") as (_, url), urlopen(f"{url}/v2/any/health") as answer:
        assert url.startswith("http://127.0.0.1:")
        assert answer.status == 200


def test_a_signal_ends_it_cleanly():
    """Ctrl-C and SIGTERM: exit code 0, nothing on stderr."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with replaying("z-image-danrisi") as (process, _):
            process.send_signal(number)
            _, stderr = process.communicate(timeout=10)
            assert (process.returncode, stderr) == (0, "")


def test_a_miss_is_told_on_stderr():
    """The terminal says what the client was told."""
    with replaying("cassettes/z-image-danrisi") as (process, url):
        with pytest.raises(OSError, match="404"):
            urlopen(f"{url}/modles")
        process.terminate()
        _, stderr = process.communicate(timeout=10)
    assert "no recorded answer: GET /modles" in stderr
    assert "nearest: GET /models" in stderr


def test_start_imports_nothing_heavy():
    """Starting pays for neither pydantic nor the recorder's requests."""
    code = "import sys, comfytape.cli.commands.replay; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["requests", "PIL", "deepdiff", "vcr", "pydantic", "yaml", "rich"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_cassette_suggests_the_nearest(monkeypatch):
    """A slip in the name is answered with the name."""
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(cli, ["replay", "z-image-danrisy"])
    assert done.exit_code == 2
    assert "did you mean 'z-image-danrisi'?" in done.stderr


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan", "inf"])
def test_a_speed_that_is_none_is_refused(speed):
    """The message says what a speed is."""
    done = CliRunner().invoke(cli, ["replay", str(ROOT / "cassettes/z-image-danrisi"), "--speed", speed])
    assert done.exit_code == 2
    assert "instant" in done.stderr


def test_a_port_in_use_is_refused():
    """The message names the address."""
    with replaying("z-image-danrisi") as (_, url):
        port = url.rpartition(":")[2]
        done = CliRunner().invoke(cli, ["replay", str(ROOT / "cassettes/z-image-danrisi"), "--port", port])
    assert done.exit_code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def test_scenarios_are_listed():
    """Each with what it imitates."""
    done = CliRunner().invoke(cli, ["replay", "--scenarios"])
    assert done.exit_code == 0
    assert "stuck-queue            Jobs stay IN_QUEUE" in done.stdout


def test_scenarios_faults_and_files_of_the_command_line(tmp_path):
    """A name, a file and a fault at once."""
    file = tmp_path / "mine.yaml"
    file.write_text("rules: [{match: {operation: models}, status: 418}]")
    options = ["--scenario", "pack-import-failed", "--scenario", str(file), "--fault", "queue:503"]
    with replaying("z-image-danrisi", *options) as (_, url):
        assert b"ClownsharKSampler_Beta" not in urlopen(f"{url}/object_info").read()
        for path, status in (("models", "418"), ("queue", "503")):
            with pytest.raises(OSError, match=status):
                urlopen(f"{url}/{path}")


def test_https_with_a_certificate(tmp_path):
    """--tls-cert: the line says https, and the answer is the same."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    pem = tmp_path / "both.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "crt")]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True)
    pem.write_bytes((tmp_path / "key").read_bytes() + (tmp_path / "crt").read_bytes())
    trusted = ssl.create_default_context(cafile=tmp_path / "crt")
    with (
        replaying("z-image-danrisi", "--tls-cert", str(pem)) as (_, url),
        urlopen(f"{url}/queue", context=trusted) as answer,
    ):
        assert url.startswith("https://127.0.0.1:")
        assert answer.status == 200


def test_a_certificate_that_is_none_is_refused(tmp_path):
    """The file is named."""
    file = tmp_path / "none.pem"
    file.write_text("nothing")
    done = CliRunner().invoke(cli, ["replay", str(ROOT / "cassettes/z-image-danrisi"), "--tls-cert", str(file)])
    assert done.exit_code == 2
    assert f"the certificate {file} cannot be used" in done.stderr


@pytest.mark.parametrize(
    "settings", ["", "[tool.comfytape]\ncassettes = 'tapes'\n"], ids=["default folder", "folder of the settings"]
)
def test_a_name_is_looked_for_in_the_folder_of_cassettes(tmp_path, monkeypatch, settings):
    """In ./cassettes, or where pyproject.toml says, even where ./cassettes has one of that name."""
    monkeypatch.delenv("COMFYTAPE_CASSETTES", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(settings)
    for folder in ("cassettes", "tapes"):
        (tmp_path / folder / "mine").mkdir(parents=True)
        (tmp_path / folder / "mine" / "cassette.json").write_text("{}")
    assert place_of("mine") == str(Path("tapes" if settings else "cassettes", "mine"))


@pytest.mark.parametrize(
    ("text", "none"),
    [
        ('[project]\ndependencies = ["comfytape"]\n', True),
        ("[tool.comfytape]\nscan_exclude = ['x']\n", True),
        ("[tool]\ncomfytape = {contracts = 'deploy'}\n", False),
        ("[tool.comfytape\n", False),
        ("tool = 3  # comfytape\n", False),
    ],
)
def test_only_settings_that_matter_are_loaded(tmp_path, monkeypatch, text, none):
    """A dependency on comfytape is no setting; a file that cannot be read is left to who says why."""
    for key in ("CASSETTES", "CONTRACTS", "SECRETS_ENV"):
        monkeypatch.delenv(f"COMFYTAPE_{key}", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(text)
    assert has_no_settings() is none


def test_secrets_that_the_environment_names_are_known(tmp_path, monkeypatch):
    """Also without a pyproject.toml: what a client sends of them is not shown."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMFYTAPE_SECRETS_ENV", '["MINE"]')
    monkeypatch.setenv("MINE", "correct-horse")
    assert "correct-horse" in secrets()
