"""The readers under a fuzzer that is led by coverage: libFuzzer, by way of atheris.

    pip install atheris                                            # 3.0.0; no dependency of comfytape
    python benchmarks/campaigns/guided.py --runs 20000             # each of READ
    python benchmarks/campaigns/guided.py --runs 20000 --reader listing

It begins with the small file of hostile_seeds.py. Judged: any exception but ``ComfytapeError``, ten seconds for one input,
1 GB of memory above what Python and the imports take. What hostile.py watches besides (files, processes, code) is not
watched here. The exit code is 1 where a reader failed; libFuzzer leaves the input beside (``crash-…``).
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

READ = ("listing", "vcr-json", "cassette", "workflow", "redacted-text")
OURS = ("comfytape", "comfytape_cassettes", "comfytape_contracts")
INPUT_S, MEMORY_MB = 10, 1024


def guided(name, runs, seed, top):
    """One reader in this process, which libFuzzer ends."""
    import atheris  # noqa: PLC0415 - no dependency

    with atheris.instrument_imports(include=list(OURS)):
        from hostile_readers import READERS  # noqa: PLC0415 - instrumented as they are imported
        from hostile_seeds import staged_small  # noqa: PLC0415 - likewise

        from comfytape_cassettes.errors import ComfytapeError  # noqa: PLC0415 - likewise
    kind = next(kind for kind in READERS if kind.name == name)
    place, kept = top / "project", Path.cwd()
    staged_small(place)
    os.chdir(place)
    file = place / kind.pick(place, random.Random(0))
    corpus = top / "corpus"
    corpus.mkdir()
    shutil.copy(file, corpus / "seed")

    def one(data):
        file.write_bytes(data)
        with contextlib.suppress(ComfytapeError):
            kind.run(place, random.Random(0))
        kind.repair(place)

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    asked = [f"-runs={runs}", f"-seed={seed}", f"-timeout={INPUT_S}", f"-rss_limit_mb={used + MEMORY_MB}",
             "-max_len=20000", "-verbosity=1", "-print_final_stats=1", "-close_fd_mask=1",
             f"-artifact_prefix={kept}/", str(corpus)]  # fmt: skip
    atheris.Setup([sys.argv[0], *asked], one)
    atheris.Fuzz()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--reader", default="")
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        sys.exit("this program needs atheris, which comfytape does not: pip install atheris==3.0.0")
    if asked.place:
        guided(asked.reader, asked.runs, asked.seed, asked.place)
    failed = []
    for name in [asked.reader] if asked.reader else READ:
        # libFuzzer ends its process without letting it clean up.
        with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as top:
            command = [sys.executable, __file__, "--reader", name, "--runs", str(asked.runs), "--seed", str(asked.seed)]
            told = subprocess.run(
                [*command, "--place", top], stderr=subprocess.PIPE, text=True, errors="replace", check=False
            )
        lines = told.stderr.splitlines()
        last = next((line for line in reversed(lines) if " cov: " in line), "")
        print(f"{name}: exit {told.returncode}; {last[:110]}", flush=True)
        if told.returncode:
            failed.append(name)
            print("\n".join(lines[-40:]), file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
