"""Run the tests that are marked ``services`` against a real PostgreSQL and moto's S3 server: ``make test-services``.

Both are started on free ports in a temporary folder, and stopped. What a test needs to know is in its environment:
``COMFYTAPE_TEST_POSTGRES`` (a URL with user and password) and ``COMFYTAPE_TEST_S3`` (an endpoint URL).
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEBIAN = Path("/usr/lib/postgresql")
PACKAGE = "postgresql"
PATIENCE_S = 30


def main(arguments):
    """Start both, run the tests, stop both; the exit code is pytest's, or 2 where PostgreSQL is missing."""
    programs = postgresql()
    if programs is None:
        print(f"PostgreSQL is missing. As root: apt-get install {PACKAGE}; then run this again.", file=sys.stderr)
        return 2
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="comfytape-services-")))
        postgres = stack.enter_context(database(programs, folder))
        s3 = stack.enter_context(bucket_server(folder))
        print(f"== PostgreSQL ({programs}) and moto's S3 server ({s3}) are up", flush=True)
        environment = os.environ | {"COMFYTAPE_TEST_POSTGRES": postgres, "COMFYTAPE_TEST_S3": s3}
        command = [sys.executable, "-m", "pytest", "-m", "services", "-n0", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def postgresql():
    """The folder of PostgreSQL's programs, installed if this is root on Debian; None where there is none."""
    found = programs_there()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"== installing {PACKAGE}", flush=True)
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], env=quiet, stdout=subprocess.DEVNULL, check=False)
        install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", PACKAGE]
        subprocess.run(install, env=quiet, stdout=subprocess.DEVNULL, check=False)
        found = programs_there()
    return found


def programs_there():
    """Where ``initdb`` and ``postgres`` are: Debian keeps them off the PATH, by version."""
    versions = [p for p in DEBIAN.glob("*/bin") if (p / "initdb").exists()]
    if versions:
        return max(versions, key=lambda path: int(path.parent.name))
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextmanager
def database(programs, folder):
    """A new PostgreSQL with one user and a password that nobody knows; yields its URL."""
    data, password_file, password = folder / "data", folder / "password", secrets.token_hex(16)
    password_file.write_text(password)
    data.mkdir()
    user = None
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root; its package brings a user for it.
        user = "postgres" if "postgres" in {entry.pw_name for entry in pwd.getpwall()} else "nobody"
        folder.chmod(0o755)
        for path in (data, password_file):
            shutil.chown(path, user)
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "comfytape", "--auth=scram-sha-256", f"--pwfile={password_file}",
         "-E", "UTF8", "--locale=C", "--no-sync"],
        user=user, cwd=data, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    port = free_port()
    command = [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", data, "-c", "fsync=off"]
    with (folder / "postgres.log").open("wb") as log, running(command, port, log, user=user, cwd=data):
        yield f"postgresql://comfytape:{password}@127.0.0.1:{port}/postgres"


@contextmanager
def bucket_server(folder):
    """Moto's S3 server; yields its URL."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "moto.log").open("wb") as log, running(command, port, log):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(command, port, log, **options):
    """A server from the moment it listens; it is told to stop afterwards."""
    server = subprocess.Popen(command, stdout=log, stderr=log, **options)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not listens(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{Path(command[0]).name} did not start:\n{Path(log.name).read_text()}")
            time.sleep(0.05)
        yield server
    finally:
        # PostgreSQL's "fast shutdown": it does not wait for clients.
        server.send_signal(2)
        server.wait(PATIENCE_S)


def listens(port):
    """Whether somebody answers at a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
