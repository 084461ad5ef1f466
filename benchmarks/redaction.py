"""What redaction and its scan cost: milliseconds of processor time for real and image-sized bodies.

    python benchmarks/redaction.py            # a table
    python benchmarks/redaction.py --json     # one object, for a report

Bodies: the /object_info of two real servers (tests/data), an answer with a PNG whose base64 has 1.5 MB, the same with
1.5 MB of random base64, 1.5 MB of random bytes, and an error with a traceback. 4 known values, as a recording has;
100 as a long one may learn.
"""

from __future__ import annotations

import argparse
import base64
import json
import lzma
import random
import struct
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from comfytape_cassettes.redaction import Redactor, Secrets

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).parents[1] / "tests" / "data" / "redaction"
ROUNDS = 15


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def answer_with(data: bytes) -> bytes:
    image = base64.b64encode(data).decode()
    output = {"images": [{"filename": "ComfyUI_00001_.png", "type": "base64", "data": image}]}
    return json.dumps({"id": "j-1", "status": "COMPLETED", "executionTime": 1437, "output": output}).encode()


def bodies() -> dict[str, bytes]:
    noise = random.Random(7).randbytes(1_500_000)
    prompt = b"prompt\x00" + json.dumps({str(n): {"class_type": "KSampler"} for n in range(40)}).encode()
    pixels = chunk(b"IHDR", struct.pack(">IIBBBBB", 600, 600, 8, 2, 0, 0, 0)) + chunk(b"tEXt", prompt)
    image = b"\x89PNG\r\n\x1a\n" + pixels + chunk(b"IDAT", noise[:1_123_000]) + chunk(b"IEND", b"")
    frames = [f'  File "/home/alice/ComfyUI/nodes.py", line {n}, in f\n' for n in range(30)]
    return {
        "object_info 0.3.64 (831 KB)": lzma.decompress((DATA / "object_info-0.3.64.json.xz").read_bytes()),
        "object_info 0.10.0 (1026 KB)": lzma.decompress((DATA / "object_info-0.10.0.json.xz").read_bytes()),
        "answer with a PNG (1.5 MB)": answer_with(image),
        "random base64 (1.5 MB)": answer_with(noise[:1_125_000]),
        "random bytes (1.5 MB)": noise,
        "error with a traceback": json.dumps({"error": json.dumps({"error_traceback": "".join(frames)})}).encode(),
    }


def fastest(work: Callable[[], object]) -> float:
    """The least processor time of several rounds, in ms: other work on the machine only ever adds."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return round(min(times) * 1000, 2)


def measured() -> dict[str, dict[str, float]]:
    chance = random.Random(11)
    values = [base64.b32encode(chance.randbytes(24)).decode() for _ in range(100)]
    few, many = Redactor(Secrets.of(values[:4])), Redactor(Secrets.of(values))
    results: dict[str, dict[str, float]] = {}
    for name, body in bodies().items():
        planted = body.replace(b'"id"', b'"id": "' + values[0].encode() + b'", "x"', 1)
        results[name] = {
            "bytes": len(body),
            "clean_ms": fastest(lambda body=body: few.body(body)),
            "clean_with_a_secret_ms": fastest(lambda body=planted: few.body(body)),
            "clean_100_values_ms": fastest(lambda body=body: many.body(body)),
            "scan_ms": fastest(lambda body=body: few.scan(body)),
        }
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    results = measured() if (options := parser.parse_args()) else {}
    if options.json:
        print(json.dumps(results, indent=1))
        return
    print(f"{'body':32}{'clean':>10}{'+ secret':>10}{'100 values':>12}{'scan':>10}   (ms)")
    for name, row in results.items():
        print(
            f"{name:32}{row['clean_ms']:>10}{row['clean_with_a_secret_ms']:>10}"
            f"{row['clean_100_values_ms']:>12}{row['scan_ms']:>10}"
        )


if __name__ == "__main__":
    main()
