"""``/__comfytape__/``: the journal as JSON and as a small page, and verification that something was, or was not, asked.

GET  /__comfytape__/                      the page
GET  /__comfytape__/journal               requests, misses and unused recordings, as JSON
GET  /__comfytape__/verify?path=…         200 when it was asked, else 409; with times=N exactly so often, times=0 never
POST /__comfytape__/reset                 forget requests, misses and the turns of equal recordings
"""

from __future__ import annotations

import html
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from comfytape_replayer.answer import Answer, json_answer, text_answer
from comfytape_replayer.journal import PAGES, Journal

if TYPE_CHECKING:
    from comfytape_replayer.app import ReplayApp
    from comfytape_replayer.asked import Asked

__all__ = ["page"]

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem;border-bottom:1px solid #ddd}
pre{background:#f5f5f5;padding:.6rem;overflow:auto}.bad{color:#b00020}
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#161616}pre{background:#222}td,th{border-color:#333}}
"""


def page(asked: Asked, app: ReplayApp) -> Answer:
    """The answer to a request below ``/__comfytape__``."""
    name = asked.path.removeprefix(PAGES).strip("/")
    if name == "journal":
        return json_answer(200, app.journal.to_json(app.library))
    if name == "verify":
        return verified(asked, app.journal)
    if name == "reset" and asked.method == "POST":
        app.journal = Journal()
        app.library.rewind()
        return json_answer(200, {"reset": True})
    if name:
        return json_answer(404, {"error": f"there is no {asked.path}; there are journal, verify and (POST) reset"})
    return text_answer(200, drawn(app).encode(), "text/html; charset=utf-8")


def verified(asked: Asked, journal: Journal) -> Answer:
    """Whether requests that fit were made: ``method`` and ``path`` (with ``*``), ``times`` for an exact number."""
    method, path, times = (asked.parameter(name) for name in ("method", "path", "times"))
    if times and not times.isdigit():
        return json_answer(400, {"error": f"times={times!r}: expected a number"})
    fitting = [s for s in journal.served if fnmatchcase(s.path, path or "*") and method in ("", s.method)]
    holds = len(fitting) == int(times) if times else bool(fitting)
    wanted = f"exactly {times}" if times else "at least 1"
    said = {"verified": holds, "wanted": wanted, "seen": len(fitting), "method": method, "path": path}
    return json_answer(200 if holds else 409, said)


def drawn(app: ReplayApp) -> str:
    """The page for people."""
    journal, library = app.journal, app.library
    rows = "".join(
        f"<tr><td>{datetime.fromtimestamp(s.at, UTC):%H:%M:%S}</td><td>{s.method}</td>"
        f"<td>{html.escape(library.redactor.url(s.path))}</td>"
        f"<td{' class=bad' if s.status >= 400 else ''}>{s.status}</td></tr>"
        for s in list(journal.served)[-200:][::-1]
    )
    misses = "".join(
        f"<pre>{html.escape(chr(10).join(miss.lines()))}</pre>" for miss in list(journal.misses)[-20:][::-1]
    )
    unused = "".join(f"<li>{html.escape(words)}</li>" for words in library.unused())
    names = ", ".join(html.escape(cassette.label) for cassette in library.cassettes)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>comfytape replay</title><style>{STYLE}</style>"
        f"<h1>comfytape replay</h1><p>{names}: {journal.count} requests, {journal.missed} not recorded. "
        f"As JSON: <a href={PAGES}/journal>journal</a></p>"
        f"<h2>Not recorded</h2>{misses or '<p>None.</p>'}"
        f"<h2>Recorded, and not asked for</h2><ul>{unused or '<li>None.</li>'}</ul>"
        f"<h2>Requests, the latest first</h2><table><tr><th>UTC<th>Method<th>Path<th>Status</tr>{rows}</table></html>"
    )
