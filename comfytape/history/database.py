"""A history in SQLite or PostgreSQL. With ``address`` and ``tables`` the only modules that import SQLAlchemy."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Connection, create_engine, func, insert, inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from comfytape.history.address import Address
from comfytape.history.run import Run
from comfytape.history.tables import FINDING, FORMAT, FORMAT_TABLE, METADATA, RUN
from comfytape_cassettes import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["History"]

BUSY_S = 60
"""Seconds that a writer waits for others to be done with an SQLite file."""
TABLES_LOCK = 0x636F6D66
"""Number of the advisory lock under which PostgreSQL's tables are made: CREATE TABLE IF NOT EXISTS may collide."""


class History:
    """Results of checks over time. Nothing is touched before the first ``append`` or ``runs``."""

    def __init__(self, address: Address) -> None:
        self.address = address
        sqlite_only = {"timeout": BUSY_S, "isolation_level": None}
        self.engine = create_engine(
            address.url, poolclass=NullPool, connect_args=sqlite_only if address.file is not None else {}
        )

    @classmethod
    def at(cls, text: str) -> Self:
        """The history at a path or URL.

        Raises:
            UsageError: it is no address of a history.
        """
        return cls(Address.parse(text))

    def append(self, runs: Iterable[Run]) -> int:
        """Keep runs; one that is there already is only noted as seen again. How many were new.

        All are kept or none. Several processes may do this at once.

        Raises:
            UsageError: the database cannot be opened or written, or a newer comfytape made it.
        """
        path = self.address.file
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self.refused(error.strerror or str(error)) from error
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self.connected() as connection:
            if path is not None:
                # Not when the first row is written: two that have read could then both be refused.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            self.make_tables(connection)
            new = sum(self.keep(connection, run, now) for run in runs)
            connection.commit()
            return new

    def runs(self, contract: str = "") -> list[Run]:
        """What is kept, of one contract or of all: the latest result of each recording, the oldest recording first.

        Raises:
            UsageError: there is no history, it cannot be read, or a newer comfytape made it.
        """
        path = self.address.file
        if path is not None and not path.is_file():
            raise UsageError(
                f"there is no history at {self.address.label}", hint="comfytape check --history URL begins one"
            )
        query = select(RUN.c.document).order_by(RUN.c.recorded_at, RUN.c.last_checked_at)
        with self.connected() as connection:
            if not inspect(connection).has_table(FORMAT_TABLE.name):
                raise UsageError(
                    f"{self.address.label} holds no history", hint="comfytape check --history URL begins one"
                )
            self.refuse_newer(connection)
            rows = connection.scalars(query.where(RUN.c.contract == contract) if contract else query).all()
        latest: dict[tuple[str, str], Run] = {}
        for row in rows:
            run = self.read(row)
            latest[run.contract, run.recording] = run
        return list(latest.values())

    def read(self, document: str) -> Run:
        """One row."""
        try:
            run = Run.from_json(json.loads(document))
            if not all(isinstance(text, str) for text in (run.contract, run.cassette, run.recording, run.recorded_at)):
                raise TypeError("its contract, cassette, recording and day are not text")
            return run
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise self.refused(f"a row of {RUN.name} is damaged ({type(error).__name__}: {error})") from error

    def make_tables(self, connection: Connection) -> None:
        """Make the tables where there are none."""
        if self.address.file is None:
            connection.execute(select(func.pg_advisory_xact_lock(TABLES_LOCK)))
        if inspect(connection).has_table(FORMAT_TABLE.name):
            self.refuse_newer(connection)
            return
        METADATA.create_all(connection)
        connection.execute(insert(FORMAT_TABLE).values(format=FORMAT))

    def refuse_newer(self, connection: Connection) -> None:
        """Leave alone what this version does not know.

        Raises:
            UsageError: a newer comfytape made it.
        """
        found = connection.scalar(select(func.max(FORMAT_TABLE.c.format)))
        if found != FORMAT:
            raise UsageError(
                f"the history at {self.address.label} has format {found}, this comfytape knows {FORMAT}",
                hint="a newer comfytape made it: pip install --upgrade 'comfytape[history]'",
            )

    def keep(self, connection: Connection, run: Run, now: str) -> bool:
        """Write one run; whether it was new."""
        dialect = sqlite if self.address.file is not None else postgresql
        document: dict[str, Any] = run.to_json()
        columns = {name: document[name] for name in ("contract", "cassette", "recording", "recorded_at", "endpoint")}
        row = columns | {
            "key": run.key,
            "plane": document["plane"],
            "verdict": str(run.verdict),
            **{f"{severity}s": number for severity, number in run.counts.items()},
            "tool": run.tool,
            "first_checked_at": now,
            "last_checked_at": now,
            "document": json.dumps(document, ensure_ascii=False, allow_nan=False),
        }
        written = connection.scalar(dialect.insert(RUN).values(row).on_conflict_do_nothing().returning(RUN.c.key))
        if written is None:
            connection.execute(update(RUN).where(RUN.c.key == run.key).values(last_checked_at=now))
            return False
        found = [(f, False) for f in run.findings] + [(f, True) for f in run.accepted]
        rows = [
            {"run": run.key, "number": number, "fingerprint": f.fingerprint, "rule": f.rule,
             "severity": str(f.severity), "accepted": accepted}
            for number, (f, accepted) in enumerate(found)
        ]  # fmt: skip
        if rows:
            connection.execute(insert(FINDING), rows)
        return True

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection; what the driver says against it becomes words, in which no password is.

        Raises:
            UsageError: the driver refused.
        """
        try:
            with self.engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self.refused(str(getattr(error, "orig", None) or error)) from None

    def refused(self, why: str) -> UsageError:
        """What to tell a person."""
        words = " ".join(self.address.without_password(why).split())
        hint = (
            "name a file that comfytape wrote, in a folder you may write"
            if self.address.file is not None
            else "is the server up, and do user and password fit? PGPASSWORD or ~/.pgpass keep it out of the address"
        )
        return UsageError(f"the history at {self.address.label} cannot be used: {words}", hint=hint)
