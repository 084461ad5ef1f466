"""A worker of the plane: the real SDK loop of the `runpod` package around a handler that draws by seed.

The picture depends on the workflow alone: same workflow, same bytes. `sleep_s` in the input of a node makes it slow.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import time

import runpod
from PIL import Image


def handler(job):
    workflow = job["input"]["workflow"]
    time.sleep(0.05)
    digest = hashlib.sha256(json.dumps(workflow, sort_keys=True).encode()).digest()
    image = Image.frombytes("RGB", (32, 32), (digest * 96)[: 32 * 32 * 3])
    out = io.BytesIO()
    image.save(out, "PNG")
    data = base64.b64encode(out.getvalue()).decode()
    return {"images": [{"filename": "sample_00001_.png", "type": "base64", "data": data}]}


if __name__ == "__main__":
    runpod.serverless.start({"handler": handler})
