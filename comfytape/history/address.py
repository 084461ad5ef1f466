"""Where a history is: a path, or the URL of a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from comfytape_cassettes import UsageError

__all__ = ["Address"]

HINT = "give a file such as history.sqlite, or postgresql://USER@HOST/DATABASE"
POSTGRESQL = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
WAIT_S = 10
"""Seconds to wait for a PostgreSQL server that does not answer."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address that was understood. ``label`` names it for people, without user or password."""

    url: URL = field(repr=False)
    label: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read a path, ``sqlite:///PATH`` or ``postgresql://…``.

        Raises:
            UsageError: it is another kind of database, or no address. The words of the address are not repeated,
                since a password may be among them.
        """
        if "://" not in text:
            return cls(URL.create("sqlite", database=text), text)
        scheme = text.partition("://")[0].lower()
        try:
            url = make_url(text)
        except (ArgumentError, ValueError) as error:
            raise UsageError(f"--history: the {scheme} address cannot be read", hint=HINT) from error
        if scheme == "sqlite" and url.database and not url.host:
            return cls(url, url.database)
        if scheme in POSTGRESQL:
            place = f"{url.host or 'localhost'}{f':{url.port}' if url.port else ''}/{url.database or ''}"
            waits = url.query if "connect_timeout" in url.query else {**url.query, "connect_timeout": str(WAIT_S)}
            return cls(url.set(drivername="postgresql+psycopg", query=waits), f"postgresql://{place}")
        raise UsageError(
            f"--history takes SQLite and PostgreSQL, got an address that begins with {scheme}://", hint=HINT
        )

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; None for a server."""
        return Path(self.url.database or "") if self.url.drivername == "sqlite" else None

    def without_password(self, words: str) -> str:
        """``words`` of a driver, should they repeat the password."""
        secrets = [self.url.password, self.url.query.get("password")]
        for secret in (s for s in secrets if isinstance(s, str) and s):
            words = words.replace(secret, "***").replace(unquote(secret), "***")
        return words
