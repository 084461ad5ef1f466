"""The alert life of one problem, on real recordings: new, repeated, worse, the receiver down, resolved, drift.

It starts two receivers of its own on loopback that take what Slack takes, makes copies of the shipped
noise-1024 recording with nodes removed, and runs ``comfytape check`` and ``comfytape alert`` on them. What it prints is
in docs/alerts.md, held by a test.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from comfytape import Cassette
from comfytape.cli.main import cli
from comfytape_cassettes import Body
from comfytape_cassettes.recording import Recording

ROOT = Path(__file__).resolve().parent.parent
ALERTS = """
alerts:
  channels:
    - slack: SLACK_WEBHOOK_URL
    - slack: ONCALL_WEBHOOK_URL
  suppress: 0h
  owner: ana
  report_url: https://reports.example/{contract}.html
"""
Reading = tuple[str, str]


class Receiver:
    """Takes messages on loopback and says what arrived; answers 503 while it is down."""

    def __init__(self, read: Any) -> None:
        receiver = self
        self.is_down, self.got = False, list[str]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not receiver.is_down:
                    receiver.got.append(read(json.loads(body)))
                self.send_response(503 if receiver.is_down else 200)
                self.end_headers()
                self.wfile.write(b"service_unavailable" if receiver.is_down else b"ok")

            def log_message(self, *_: object) -> None:
                """Nothing on the terminal."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    @property
    def host(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.server.server_port}"

    def taken(self) -> list[str]:
        """What arrived since it was asked last."""
        got, self.got = self.got, []
        return got

    def stop(self) -> None:
        """End it."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def slack_words(payload: dict[str, Any]) -> str:
    """A Slack message as a person reads it."""
    return "\n".join(
        block["text"]["text"] if "text" in block else block["elements"][0]["text"] for block in payload["blocks"]
    )


def without(name: str, *classes: str) -> None:
    """The recording of noise-1024 with classes missing from its inventory."""
    source = Cassette.open("cassettes/noise-1024")
    made = Recording.start(Path("recordings", name), plane="loopback", recorded_at=source.provenance.recorded_at)
    for exchange in source.exchanges:
        inventory = exchange.response.body.json() if exchange.request.url.endswith("/object_info") else None
        if inventory is None:
            made.add(exchange)
            continue
        body = Body.of(json.dumps({key: value for key, value in inventory.items() if key not in classes}).encode())
        made.add(replace(exchange, response=replace(exchange.response, body=body)))
    made.finish()


def run(*arguments: str, shown: bool = True) -> str:
    """Run comfytape as a person would, and print what it said."""
    done = CliRunner().invoke(cli, list(arguments))
    if shown:
        print(f"$ comfytape {' '.join(arguments)}\n{done.output}(exit code {done.exit_code})")
    return done.stdout


def round_of(title: str, cassette: str, receivers: dict[str, Receiver], *, seconds: str = "60") -> None:
    """One scheduled run: check, then alert; then what arrived."""
    print(f"# {title}")
    report = f"{Path(cassette).name}.json"
    if not Path(report).exists():
        run("check", "noise-1024", "--cassette", cassette, "--report", f"json={report}", shown=False)
    run("alert", report, *([] if seconds == "60" else ["--deadline", seconds]))
    arrived(receivers)


def arrived(receivers: dict[str, Receiver]) -> None:
    """What the receivers got."""
    for name, receiver in receivers.items():
        for words in receiver.taken() or ["nothing"]:
            print(f"{name} gets:")
            print("\n".join(f"    {line}".rstrip() for line in words.split("\n")))
    print()


def main() -> int:
    """Tell the whole life."""
    receivers = {"Slack": Receiver(slack_words), "On call": Receiver(lambda said: str(said["text"]))}
    slack = receivers["Slack"]
    os.environ["SLACK_WEBHOOK_URL"] = f"http://{slack.host}/services/T000/B000/{'x' * 24}"
    os.environ["ONCALL_WEBHOOK_URL"] = f"http://{receivers['On call'].host}/services/T000/B000/{'y' * 24}"
    for name in ("GITHUB_SERVER_URL", "GITHUB_TOKEN"):
        os.environ.pop(name, None)
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            for name in ("contracts", "cassettes"):
                Path(name).mkdir()
                (Path(name) / "noise-1024").symlink_to(ROOT / name / "noise-1024")
            Path("contracts/noise-1024").unlink()
            Path("contracts/noise-1024").mkdir()
            for file in (ROOT / "contracts/noise-1024").iterdir():
                text = file.read_text(encoding="utf-8") + (ALERTS if file.name == "contract.yaml" else "")
                Path("contracts/noise-1024", file.name).write_text(text, encoding="utf-8")
            without("monday", "FeatherMask")
            without("tuesday", "FeatherMask", "SolidMask")
            tell(receivers)
            os.chdir(ROOT)
    finally:
        for receiver in receivers.values():
            receiver.stop()
    return 0


def tell(receivers: dict[str, Receiver]) -> None:
    """The steps."""
    slack = receivers["Slack"]
    round_of("all is well", "cassettes/noise-1024", receivers)
    round_of("new: a class of a pack is gone", "recordings/monday", receivers)
    round_of("repeated: nothing is said twice", "recordings/monday", receivers)
    round_of("worse: another class of the same pack", "recordings/tuesday", receivers)
    slack.is_down = True
    round_of(
        "resolved, while Slack is down: the other is told, Slack later", "cassettes/noise-1024", receivers, seconds="1"
    )
    slack.is_down = False
    round_of("Slack is back", "cassettes/noise-1024", receivers)
    print("# drift is told in the same way")
    drift = run(
        "drift", "cassettes/noise-1024", "recordings/tuesday", "--contract", "noise-1024", "--json", shown=False
    )
    Path("drift.json").write_text(drift, encoding="utf-8")
    run("alert", "drift.json", "--contract", "noise-1024")
    arrived(receivers)


if __name__ == "__main__":
    sys.exit(main())
