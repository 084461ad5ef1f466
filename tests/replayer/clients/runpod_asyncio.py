"""The official SDK's asyncio client."""

import asyncio
import json
import sys

import aiohttp
import runpod
from runpod import AsyncioEndpoint

runpod.api_key = "not-a-key"


async def main() -> None:
    workflow = json.load(sys.stdin)
    async with aiohttp.ClientSession() as session:
        endpoint = AsyncioEndpoint("any-endpoint", session)
        jobs = [await endpoint.run({"workflow": workflow}) for _ in range(3)]
        outputs = await asyncio.gather(*(job.output(timeout=60) for job in jobs))
        print(json.dumps({"output": outputs[0], "all": [o == outputs[0] for o in outputs]}))


asyncio.run(main())
