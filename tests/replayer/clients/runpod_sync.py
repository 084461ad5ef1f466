"""The official SDK, as its documentation shows it: run, status, output, cancel, stream, run_sync."""

import json
import sys

import runpod

runpod.api_key = "not-a-key"
endpoint = runpod.Endpoint("any-endpoint")
workflow = json.load(sys.stdin)

job = endpoint.run({"workflow": workflow})
seen = [job.status()]
output = job.output(timeout=60)
seen.append(job.status())

other = endpoint.run({"workflow": workflow})
streamed = list(endpoint.run({"workflow": workflow}).stream())
print(
    json.dumps(
        {
            "output": output,
            "states": seen,
            "run_sync": endpoint.run_sync({"workflow": workflow}, timeout=60),
            "cancelled": [other.cancel()["status"], other.status()],
            "streamed": streamed,
            "health": endpoint.health(),
        }
    )
)
