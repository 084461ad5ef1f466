"""No network: `check`, `replay`, `lint`, `drift` and the import of every module, in a network namespace without a route.

    python benchmarks/campaigns/isolation.py        # needs `unshare` (util-linux) and the right to make a namespace

The namespace has loopback and nothing else; strace counts the sockets that were opened for anything else (where strace
is installed). Judged: exit codes as on a networked machine, and not one connect to another address.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from campaign import Tally, arguments, finished
from stage import ROOT, environment

IMPORT_ALL = """
import importlib, pkgutil
for name in ("comfytape", "comfytape_cassettes", "comfytape_contracts", "comfytape_recorder", "comfytape_replayer"):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        # Locust replaces parts of Python when it is imported, and has to be the first to be.
        if not module.name.endswith("__main__") and not module.name.startswith("comfytape.load"):
            importlib.import_module(module.name)
"""
REPLAY = """
import json, urllib.request
from comfytape import ReplayServer
with ReplayServer("cassettes/noise-1024") as server:
    assert json.load(urllib.request.urlopen(server.url + "/v2/any/health"))["jobs"]
"""
COMMANDS = {
    "import every module": (["-c", IMPORT_ALL], 0),
    "import the load tests": (["-c", "import comfytape.load"], 0),
    "check noise-1024": (["-m", "comfytape", "check", "noise-1024"], 0),
    "check z-image-danrisi": (["-m", "comfytape", "check", "z-image-danrisi"], 5),
    "lint": (
        ["-m", "comfytape", "lint", "contracts/noise-1024/workflow.json", "--inventory", "cassettes/noise-1024"],
        0,
    ),
    "drift": (["-m", "comfytape", "drift", "cassettes/noise-1024", "cassettes/noise-1024"], 0),
    "replay": (["-c", REPLAY], 0),
}
NAMESPACE = ["unshare", "--net", "--map-root-user", "sh", "-c", 'ip link set lo up 2>/dev/null; exec "$@"', "sh"]
ELSEWHERE = re.compile(
    r'connect\(\d+, \{sa_family=AF_INET6?,.*?(?:inet_addr\("(?!127\.)|inet_pton\(AF_INET6, "(?!::1"))'
)


def able():
    """Whether this machine lets us make such a namespace."""
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def run(seed=0):
    tally = Tally("no network", seed)
    with tempfile.TemporaryDirectory() as place:
        for name in ("contracts", "cassettes"):
            (Path(place) / name).mkdir()
            for each in ("noise-1024", "z-image-danrisi"):
                shutil.copytree(ROOT / name / each, Path(place) / name / each)
        for name, (words, code) in COMMANDS.items():
            trace = Path(place) / "trace"
            strace = ["strace", "-f", "-qq", "-e", "trace=connect", "-o", str(trace)] if shutil.which("strace") else []
            done = subprocess.run(
                [*NAMESPACE, *strace, sys.executable, *words],
                cwd=place, env=environment(""), capture_output=True, text=True, check=False,
            )  # fmt: skip
            asked = ELSEWHERE.findall(trace.read_text()) if trace.exists() else []
            wrong = f"exit {done.returncode}: {done.stderr[-300:]}" if done.returncode != code else ""
            tally.case(name, wrong or (f"{len(asked)} connections elsewhere were tried: {asked[:2]}" if asked else ""))
    return tally


if __name__ == "__main__":
    words = arguments(__doc__, 0)
    if not able():
        sys.exit("this machine lets nobody make a network namespace: run it as root, or allow user namespaces")
    finished(run(), words)
