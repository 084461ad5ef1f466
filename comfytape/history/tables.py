"""The tables of a history, format 1.

``comfytape_run`` has a row for each result of a recording: the whole of it as JSON in ``document``, and in columns what
queries need. ``comfytape_finding`` has a row for each finding of a run. ``comfytape_format`` holds one number.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, MetaData, String, Table, Text

__all__ = ["FINDING", "FORMAT", "FORMAT_TABLE", "METADATA", "RUN"]

FORMAT = 1
METADATA = MetaData()

FORMAT_TABLE = Table("comfytape_format", METADATA, Column("format", Integer, nullable=False))

RUN = Table(
    "comfytape_run",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("contract", Text, nullable=False, index=True),
    Column("cassette", Text, nullable=False),
    Column("recording", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("plane", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("warnings", Integer, nullable=False),
    Column("infos", Integer, nullable=False),
    Column("tool", Text, nullable=False),
    Column("first_checked_at", Text, nullable=False),
    Column("last_checked_at", Text, nullable=False),
    Column("document", Text, nullable=False),
)

FINDING = Table(
    "comfytape_finding",
    METADATA,
    Column("run", String(64), ForeignKey(RUN.c.key), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("fingerprint", String(16), nullable=False, index=True),
    Column("rule", Text, nullable=False, index=True),
    Column("severity", Text, nullable=False),
    Column("accepted", Boolean, nullable=False),
)
