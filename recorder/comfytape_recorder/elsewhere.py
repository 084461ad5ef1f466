"""Images that a job left at a URL: fetched at once, within limits, so that the recording holds them.

worker-comfyui with a bucket answers ``{"type": "s3_url", "data": URL}``, presigned for seven days (runpod-python
rp_upload.py). The request carries no key, follows no redirect, and goes to this machine or a private network only where
the endpoint is there too: a URL out of an answer must not make the recorder look around behind a firewall.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from comfytape_cassettes import UnreachableError, UsageError
from comfytape_contracts.outputs import images_of
from comfytape_recorder.transport import Limits

if TYPE_CHECKING:
    from comfytape_contracts.wire import JobObject
    from comfytape_recorder.runpod import RunPodClient

__all__ = ["fetch_elsewhere", "is_private"]

IMAGE = Limits(connect=10.0, read=30.0, total=120.0, body=64 << 20)
"""Three times the largest result that RunPod hands over itself."""
MOST = 64
"""Images of one job that are fetched."""


def fetch_elsewhere(client: RunPodClient, job: JobObject) -> int:
    """Record the images that a job's output names by URL; how many were asked for. What fails is kept as a failure."""
    urls = [image.url for image in images_of(job) if image.url.startswith(("http://", "https://"))]
    at_home = is_private(client.base_url)
    wanted = [url for url in dict.fromkeys(urls) if at_home or not is_private(url)][:MOST]
    for url in wanted:
        try:
            client.transport.send("GET", url, limits=IMAGE)
        except (UnreachableError, UsageError):
            continue  # told by check: its bytes are not on the tape
    return len(wanted)


def is_private(url: str) -> bool:
    """Whether a URL names this machine or a private network, as far as the name itself tells."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
