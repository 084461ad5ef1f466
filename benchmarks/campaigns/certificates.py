"""Certificates for a server on loopback: a good one, and those that nobody may take."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

REFUSED = ("expired-tls", "early-tls", "unknown-tls", "other-host-tls")
FAULTS = ("good-tls", *REFUSED)


def certified(folder, fault):
    """(the server's context, the file of the authority that the client trusts), both made in ``folder``."""
    folder = Path(folder)
    now = datetime.now(UTC)
    since = now + timedelta(days=1) if fault == "early-tls" else now - timedelta(days=20)
    until = now - timedelta(days=1) if fault == "expired-tls" else now + timedelta(days=20)
    host = ip_address("127.0.0.2" if fault == "other-host-tls" else "127.0.0.1")
    authority, its_key = signed("an authority", None, None, now - timedelta(days=30), now + timedelta(days=30))
    own, key = signed("a server", authority, its_key, since, until, host)
    stranger, _ = signed("another authority", None, None, now - timedelta(days=30), now + timedelta(days=30))
    trusted = folder / "authority.pem"
    trusted.write_bytes(pem_of(stranger if fault == "unknown-tls" else authority))
    both = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(private + pem_of(own))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    both.unlink()
    return context, trusted


def signed(name, issuer, issuer_key, since, until, host=None):
    """A certificate and its key; without an issuer, an authority that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if host is not None:
        made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(host)]), critical=False)
    return made.sign(issuer_key or key, hashes.SHA256()), key


def pem_of(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)
