"""`comfytape ci offline`: loopback and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

COUNT = "import socket, sys; print(sorted(name for _, name in socket.if_nameindex())); sys.exit(7)"


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_a_command_sees_loopback_only_and_its_exit_code_is_kept():
    """No interface but lo, arguments as they were given, the command's own exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "comfytape", "ci", "offline", sys.executable, "-c", COUNT],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip().startswith("['"), done.stderr
    assert "eth" not in done.stdout
    assert done.returncode == 7
