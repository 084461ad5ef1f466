"""A test with a replay server is off the network but for it."""

from __future__ import annotations

import pytest

ELSEWHERE = """
import socket, pytest

@pytest.mark.comfytape("noise-1024"{more})
def test_it(comfytape_replay):
    {action}
"""

ACTIONS = {
    "an address": "socket.create_connection(('192.0.2.1', 80), timeout=1)",
    "a name": "socket.getaddrinfo('api.runpod.ai', 443)",
    "connect_ex": "socket.socket().connect_ex(('192.0.2.1', 80))",
    "this machine": "socket.create_connection(('127.0.0.1', 9), timeout=1)",
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_everything_else_is_refused_by_name(run, action):
    """The failure names the address and the way out."""
    result = run(ELSEWHERE.format(more="", action=action))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*NetworkBlockedError: this test is off the network: it tried *allowed is http://127*"]
    )


def test_loopback_can_be_allowed(run):
    """A database of the test's own may be asked; the world may not."""
    action = "with socket.create_server(('127.0.0.1', 0)) as s: socket.create_connection(s.getsockname()).close()"
    run(ELSEWHERE.format(more=", network='loopback'", action=action), "-Wignore").assert_outcomes(passed=1)
    refused = run(ELSEWHERE.format(more=", network='loopback'", action=ACTIONS["an address"]))
    refused.assert_outcomes(failed=1)


@pytest.mark.parametrize("how", ["option", "ini"])
def test_everything_can_be_allowed(run, project, how):
    """By option or by ini key: the connection is then made, and refused by nobody but the machine."""
    action = "assert socket.socket().connect_ex(('127.0.0.1', 9)) != 0"
    if how == "ini":
        project.makeini("[pytest]\ncomfytape_network = allow\n")
    options = ["--comfytape-network=allow"] if how == "option" else []
    run(ELSEWHERE.format(more="", action=action), "-Wignore", *options).assert_outcomes(passed=1)


def test_unix_sockets_are_not_the_network(run):
    """asyncio and many test tools use them."""
    action = "a, b = socket.socketpair(); a.close(); b.close()"
    run(ELSEWHERE.format(more="", action=action)).assert_outcomes(passed=1)
