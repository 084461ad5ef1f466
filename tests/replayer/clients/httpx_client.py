"""A client that somebody wrote with httpx."""

import json
import os
import sys

import httpx

base = f"{os.environ['RUNPOD_ENDPOINT_BASE_URL']}/any-endpoint"
with httpx.Client(headers={"Authorization": "Bearer not-a-key"}) as client:
    job = client.post(f"{base}/run", json={"input": {"workflow": json.load(sys.stdin)}}).raise_for_status().json()
    while job["status"] in ("IN_QUEUE", "IN_PROGRESS"):
        job = client.get(f"{base}/status/{job['id']}").raise_for_status().json()
print(json.dumps({"output": job["output"]}))
