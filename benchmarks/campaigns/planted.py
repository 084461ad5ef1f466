"""Defects planted on purpose: a campaign that finds nothing must be able to find something.

    python benchmarks/campaigns/planted.py
    python benchmarks/campaigns/planted.py --only "written in place"

Each defect is a patch that the product's processes load when Python starts; its files stay as they are.
Judged: the campaign that is meant to catch it does.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from pathlib import Path

import contention
import crash
import network
import paid
import soak
from campaign import Tally, arguments, finished
from stage import PLANTED

TORN = """
from comfytape_cassettes import folder
whole = folder.LocalFolder.write
def write(self, name, data):
    if name != "cassette.json":
        return whole(self, name, data)
    with (self.path / name).open("wb") as file:
        file.write(data)
folder.LocalFolder.write = write
"""
UNLOCKED = """
from comfytape_cassettes import journal
journal.lock_exclusively = lambda handle, path: None
"""
TALKATIVE = """
from comfytape_cassettes import recording
def add(self, exchange, *, durable=False):
    interaction = self.spelled(exchange)
    sent = {name: [value] for name, value in exchange.request.headers.items}
    spoilt = interaction | {"request": interaction["request"] | {"headers": sent}}
    self.journal.append({"interaction": spoilt}, durable=durable)
    self.known_early = -1  # the finished cassette is cleaned: only the journal tells
    return recording.exchange_from(interaction, recording.Bodies(self.folder), str(self.path))
recording.Recording.add = add
"""
STRANGER = """
from comfytape_replayer import library
right = library.Shelf.find
def find(self, meaning):
    found = right(self, meaning)
    return found and self.submissions[(self.submissions.index(found) + 1) % len(self.submissions)]
library.Shelf.find = find
"""
FORGETFUL = """
from comfytape_recorder import ledger
whole = ledger.Ledger.__init__
def init(self, recording):
    marks, recording.marks = recording.marks, list
    whole(self, recording)
    recording.marks = marks
ledger.Ledger.__init__ = init
"""
FOLLOWING = """
import requests
from comfytape_recorder import transport
class Following(requests.Session):
    def request(self, *words, **more):
        return super().request(*words, **more | {"allow_redirects": True})
    def rebuild_auth(self, prepared, response):
        pass
transport.UnfollowedSession = Following
"""
CARELESS = """
from comfytape_recorder import jobs
jobs.RunPodJobs.cancel = lambda self, sample: None
"""
DEFECTS = {
    "the index is written in place": (TORN, "a reader after", lambda seed: contention.run(9, seed)),
    "the lock of a recording is not taken": (UNLOCKED, "Two recorders", lambda seed: contention.run(9, seed)),
    "the key stays in the journal": (TALKATIVE, "the key is in", lambda seed: crash.run(8, seed)),
    "a resume forgets what was submitted": (FORGETFUL, "submitted [", lambda seed: crash.run(8, seed)),
    "redirects are followed, the key with them": (
        FOLLOWING, "reached another host", lambda seed: network.run(46, seed, slow=False)
    ),
    "Ctrl-C cancels nothing": (CARELESS, "not cancelled", lambda seed: paid.run(14, seed)),
    "a replay answers with another job's picture": (STRANGER, "another output", lambda seed: soak.run(10, seed)),
}  # fmt: skip
"""By name: the patch, what a fault of its own says (a busy machine may bring others), and the campaign."""


def planted(patch, campaign, seed):
    """The tally of a campaign whose processes load ``patch``."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(patch)
        os.environ[PLANTED] = folder
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                return campaign(seed)
        finally:
            del os.environ[PLANTED]


def run(seed, only=""):
    """Plant each defect whose name holds ``only``; one that its campaign does not catch is a fault."""
    tally = Tally("planted defects", seed)
    for name, (patch, said, campaign) in DEFECTS.items():
        if only in name:
            found = planted(patch, campaign, seed)
            own = [fault for fault in found.faults if said in fault]
            tally.figures[name] = f"{len(own)} faults in {sum(found.cases.values())} cases of '{found.name}': {own[:1]}"
            tally.case(name, "" if own else f"it was not caught: {found.faults}")
    return tally


if __name__ == "__main__":
    words = arguments(__doc__, 0, only="")
    finished(run(words.seed, words.only), words)
