"""Rules about reaching an endpoint: the address, the key, the kind of endpoint, and who answers behind it."""

from __future__ import annotations

from functools import partial

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["MISCONFIGURED", "RULES"]

state = partial(
    Rule,
    family="endpoint",
    direction="state",
    severity=Severity.ERROR,
    mirror_waiver="an address is right or wrong; there is no before",
)
RUNPOD_DOCS = "docs.runpod.io, send requests"

DNS = state(
    id="address-dns",
    title="The host name does not resolve",
    looks_at="the failure of a request",
    action="read the resolver's error",
    why="Nobody was asked: the name in the URL is wrong, or this machine has no working DNS.",
    source="the resolver's own words",
    todo="Check the spelling of the host in the URL, then DNS: getent hosts HOST.",
    before="https://api.runpod.ai/v2",
    after="https://api.runpood.ai/v2",
    inconclusive=True,
)
TLS = state(
    id="address-tls",
    title="The TLS handshake failed",
    looks_at="the failure of a request",
    action="read the TLS error",
    why="A wrong certificate, a wrong clock, an intercepting proxy, or https asked of a port that speaks http.",
    source="the TLS library's own words",
    todo="Check http against https and the port, this machine's clock, and the proxy's certificate.",
    before="https://api.runpod.ai",
    after="https://127.0.0.1:8188, where plain http is spoken",
    inconclusive=True,
)
CLOSED = state(
    id="address-refused",
    title="Nothing listens at the address",
    looks_at="the failure of a request",
    action="read the connection error",
    why="The host is there and refuses the connection: the program is not running, or it is another port.",
    source="the operating system's own words",
    todo="Start the server, or correct the port in the URL.",
    before="a server that listens",
    after="connection refused",
    inconclusive=True,
)
TIMEOUT = state(
    id="address-timeout",
    title="No answer in time",
    looks_at="the failure of a request",
    action="compare with the time limit",
    why="A firewall that drops packets, a host that is down, or a server so busy that it does not answer.",
    source="the time limit of the request",
    todo="Ask again with a larger --deadline; if it stays, look at firewall and server.",
    before="an answer in 200 ms",
    after="no byte within the limit",
    inconclusive=True,
)
NO_ANSWER = state(
    id="address-no-answer",
    title="No whole and readable answer came",
    looks_at="the failure of a request",
    action="read the connection error",
    why="The server closed or reset the connection, no route leads there, or what came is damaged, larger than any such "
    "answer or in an encoding that nobody asked for. Nothing is known of the endpoint.",
    source="the operating system's own words",
    todo="Ask again; if it stays, look at what stands between: proxy, tunnel, firewall.",
    before="a whole answer",
    after="connection reset by the server",
    inconclusive=True,
)
PROXY_PAGE = state(
    id="proxy-page",
    title="A proxy answered, not the service",
    looks_at="the body of an answer",
    action="expect JSON, got a page of HTML",
    why="A gateway in front answers with a page of its own (502, 504, Cloudflare's 524) when the service behind it does "
    "not, and a login or captive portal even answers 200.",
    source="RunPod's documentation of pod proxies; real recordings",
    todo="Wait a minute and ask again (a pod needs up to 4 minutes to boot); if it stays, look at the service behind.",
    before='200 {"jobs": …, "workers": …}',
    after="502 <html>Bad gateway</html>",
    inconclusive=True,
)
RATE_LIMITED = state(
    id="rate-limited",
    title="The rate limit is used up",
    looks_at="status 429",
    action="read Retry-After",
    why="RunPod limits requests per user, endpoint and operation; another client of the same account counts too.",
    source=f"{RUNPOD_DOCS}, rate limits",
    todo="Wait as long as Retry-After says, and find the client that polls too often.",
    before="200",
    after="429, Retry-After: 1",
    inconclusive=True,
)
SERVER_ERROR = state(
    id="server-error",
    title="The service answered with an error of its own",
    looks_at="status 5xx without a page of HTML, or any answer that the documentation does not know",
    action="expect 200",
    why="The service is there and failed: this says nothing about the endpoint's configuration.",
    source=f"{RUNPOD_DOCS}, errors",
    todo="Ask again; if it stays, look at RunPod's status page.",
    before="200",
    after="500 Internal Server Error",
    inconclusive=True,
)
KEY_MISSING = state(
    id="key-missing",
    title="No API key was sent",
    looks_at="the Authorization header, and the answer",
    action="expect a key",
    why="Every call needs the account's key. Without one RunPod answers 401 with an empty body.",
    source=f"{RUNPOD_DOCS}, authentication",
    todo="Set the variable: export RUNPOD_API_KEY=<key>.",
    before="Authorization: Bearer …",
    after="no Authorization header, 401",
    inconclusive=True,
)
KEY_REFUSED = state(
    id="key-refused",
    title="The API key was refused",
    looks_at="status 401 or 403",
    action="expect 200",
    why="The key is wrong, revoked, of another account, or not allowed to use this endpoint. An S3 key is not an API key.",
    source=f"{RUNPOD_DOCS}, errors; real recordings",
    todo="Make or look up the key under Settings, API keys, and set RUNPOD_API_KEY; an id of another account's endpoint "
    "is refused too.",
    before="200",
    after="401 with an empty body",
    inconclusive=True,
)
BASE_URL = state(
    id="base-url-wrong",
    title="The base URL is not RunPod's job API",
    looks_at="host and body of a 404",
    action="expect the job API's host",
    why="Jobs go to api.runpod.ai; api.runpod.io is the management API, has a /v2 as well, and answers a job URL with "
    '404 {"message": "Not Found"}.',
    source="docs.runpod.io, API reference v2, migrate from v1; troubleshooting notes of several projects",
    todo="Set RUNPOD_ENDPOINT_BASE_URL=https://api.runpod.ai/v2, or leave it unset.",
    before="https://api.runpod.ai/v2/ID/run",
    after="https://api.runpod.io/v2/ID/run",
    inconclusive=True,
)
ENDPOINT_UNKNOWN = state(
    id="endpoint-unknown",
    title="There is no such endpoint",
    looks_at="status 404 of /health or /run",
    action="expect 200",
    why="The id is misspelt, the endpoint was deleted, or it belongs to another account.",
    source=f"{RUNPOD_DOCS}, errors; real recordings",
    todo="Copy the id from RunPod's console (Serverless) into the variable that holds it.",
    before="/v2/abc123/health answers 200",
    after="/v2/abc12/health answers 404",
    inconclusive=True,
)
LOAD_BALANCER = state(
    id="endpoint-load-balancer",
    title="The endpoint is a load balancer and has no queue",
    looks_at="type of the endpoint, or 400 'not allowed for QB API'",
    action="expect QUEUE",
    why="An endpoint of type LOAD_BALANCER passes requests straight to the worker at https://ID.api.runpod.ai; /run, "
    "/status and /runsync are for type QUEUE.",
    source="REST v2 specification, EndpointType; RunPod's staff notes on load-balancing endpoints",
    todo="Use the load balancer's own URL as COMFYUI_URL, or make a queue endpoint from the same image.",
    before='{"type": "QUEUE"}',
    after='{"type": "LOAD_BALANCER"}',
    inconclusive=True,
)
NOT_RUNPOD = state(
    id="endpoint-not-runpod",
    title="Something answers, but not RunPod's job API",
    looks_at="the body of /health",
    action="expect jobs and workers",
    why="A JSON answer of another shape comes from another program: the port or the base URL is that of something else.",
    source=f"{RUNPOD_DOCS}, /health; live captures of 2026-08",
    todo="Check RUNPOD_ENDPOINT_BASE_URL: it ends in /v2.",
    before='{"jobs": {…}, "workers": {…}}',
    after='{"detail": "Not Found"}',
    inconclusive=True,
)
HANDLER_WRONG = state(
    id="handler-wrong",
    title="Another kind of handler answers: it does not take workflows",
    looks_at="errors and outputs of jobs, or of the probe",
    action="compare with what worker-comfyui says",
    why='One account often has two endpoints side by side: one takes {"prompt": "…"}, one takes {"workflow": {…}}. A job '
    "sent to the wrong one starts a GPU and fails at once.",
    source="runpod-workers/worker-comfyui handler.py (its own words: Missing 'workflow' parameter); real recordings",
    todo="Point the variable at the endpoint that runs worker-comfyui: export RUNPOD_ENDPOINT_COMFYUI=<its id>.",
    before="error: Missing 'workflow' parameter",
    after="error: Missing required input: prompt",
)
HANDLER_UNSEEN = state(
    id="handler-unseen",
    severity=Severity.WARNING,
    title="Which handler answers was not seen",
    looks_at="jobs, and the probe",
    action="expect one job that a handler answered",
    why="/health and the management API say nothing about what the handler takes. Only a job does, and a job may start a "
    "GPU, so none is sent unasked to RunPod's cloud.",
    source="RunPod's REST v2 specification: no field says it",
    todo="Ask with --probe: one job with an empty input, which the handler refuses within milliseconds.",
    before="a job that a handler answered",
    after="no job on the tape",
    inconclusive=True,
)
PROBE_UNANSWERED = state(
    id="probe-unanswered",
    title="The probe was not answered in time",
    looks_at="the state of the probe job",
    action="expect a final state",
    why="Only a worker can say what its handler takes, and a cold one needs longer than five seconds: it pulls the image, then "
    "loads. That is no fault of the endpoint. The probe was cancelled, so nothing stays in the queue.",
    source="the probe's own states",
    todo="Ask again while the worker is warm, or give it time: --probe --deadline 120.",
    before="FAILED with the handler's words",
    after="IN_QUEUE when time was up",
    inconclusive=True,
)
WORKER_VERSION = state(
    id="worker-version",
    severity=Severity.INFO,
    title="The worker's version, as its output shows it",
    looks_at="the shape of outputs and errors",
    action="compare with the shapes of each version",
    why="Output, errors and partial success changed with 5.0.0; a client written for one misreads the other.",
    source="runpod-workers/worker-comfyui, handler.py of 1.x to 5.8.5",
    todo="Read images from output.images (5.0.0 and later) or output.message (before).",
    before='{"images": [{"filename", "type", "data"}]}',
    after='{"status": "success", "message": "…"}',
)

RULES = (
    DNS, TLS, CLOSED, TIMEOUT, NO_ANSWER, PROXY_PAGE, RATE_LIMITED, SERVER_ERROR, KEY_MISSING, KEY_REFUSED, BASE_URL,
    ENDPOINT_UNKNOWN, LOAD_BALANCER, NOT_RUNPOD, HANDLER_WRONG, HANDLER_UNSEEN, PROBE_UNANSWERED, WORKER_VERSION,
)  # fmt: skip

MISCONFIGURED = frozenset(
    rule.id for rule in (KEY_MISSING, KEY_REFUSED, BASE_URL, ENDPOINT_UNKNOWN, LOAD_BALANCER, NOT_RUNPOD)
)
"""Rules that speak about our own configuration: exit code 2, as any wrong option has."""
