"""Defects planted on purpose: a campaign that finds nothing must be able to find something.

    python benchmarks/campaigns/planted.py

Each defect is a patch that the recorder's processes load when Python starts; the product's files stay as they are.
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
from campaign import Tally, arguments, finished
from stage import PLANTED

TORN = """
import time
from comfytape_cassettes import folder
def write(self, name, data):
    target = self.path / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        file.write(data[: len(data) // 2]); file.flush(); time.sleep(1.5); file.write(data[len(data) // 2 :])
folder.LocalFolder.write = write
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
    "the index is written in place": (TORN, lambda seed: contention.run(9, seed)),
    "a resume forgets what was submitted": (FORGETFUL, lambda seed: crash.run(8, seed)),
    "redirects are followed, the key with them": (FOLLOWING, lambda seed: network.run(46, seed, slow=False)),
    "Ctrl-C cancels nothing": (CARELESS, lambda seed: paid.run(14, seed)),
}


def run(seed):
    tally = Tally("planted defects", seed)
    for name, (patch, campaign) in DEFECTS.items():
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "sitecustomize.py").write_text(patch)
            os.environ[PLANTED] = folder
            try:
                with contextlib.redirect_stderr(io.StringIO()):
                    found = campaign(seed)
            finally:
                del os.environ[PLANTED]
        tally.figures[name] = f"{len(found.faults)} faults in {sum(found.cases.values())} cases of '{found.name}'"
        tally.case(name, "" if found.faults else "it was not caught")
    return tally


if __name__ == "__main__":
    words = arguments(__doc__, 0)
    finished(run(words.seed), words)
