"""A server whose certificate is wrong is refused before it hears a word, and the reason is said."""

from __future__ import annotations

import pytest

from comfytape_cassettes import UnreachableError
from comfytape_recorder.transport import Transport

SAID = {
    "expired-tls": "TLS: certificate verify failed: certificate has expired",
    "early-tls": "TLS: certificate verify failed: certificate is not yet valid",
    "unknown-tls": "TLS: certificate verify failed: unable to get local issuer certificate",
    "other-host-tls": "TLS: certificate verify failed: IP address mismatch, certificate is not valid for",
}


@pytest.fixture
def behind(program, service, tmp_path, monkeypatch):
    """A server with that certificate, and a client that trusts the authority in the environment."""
    started = []

    def start(fault):
        context, authority = program("certificates").certified(tmp_path, fault)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))
        started.append(program("faulty").Spoiled(service.url, lambda _operation: "", context).start())
        return started[-1], Transport()

    yield start
    for server in started:
        server.stop()


@pytest.mark.parametrize("fault", SAID)
def test_a_wrong_certificate_is_refused_before_anything_is_sent(behind, service, fault):
    """Neither the request nor its key reaches the server."""
    server, transport = behind(fault)
    with pytest.raises(UnreachableError) as caught:
        transport.send("GET", server.url, headers={"Authorization": "Bearer x"})
    assert SAID[fault] in str(caught.value)
    assert "certificate" in caught.value.hint
    assert (server.done, service.asked) == ([], [])


def test_a_good_certificate_is_taken(behind, service):
    """The authority that the environment names is the one that counts."""
    service.says("/v2", {})
    server, transport = behind("good-tls")
    assert transport.send("GET", server.url).response.status == 200
