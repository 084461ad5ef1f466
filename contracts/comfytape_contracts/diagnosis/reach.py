"""Why an address does not answer as it should: from the words of a failure, or from a wrong answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from comfytape_contracts.diagnosis.cause import Cause, Confidence, Stage
from comfytape_contracts.jobs import said_by
from comfytape_contracts.rules import endpoint as rules
from comfytape_contracts.wire import health_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_contracts.diagnosis.evidence import Answer, EndpointEvidence
    from comfytape_contracts.rules import Rule

__all__ = ["address_of", "causes_of", "reach_endpoint"]

FAILURES: tuple[tuple[str, Rule], ...] = (
    ("DNS", rules.DNS),
    ("does not resolve", rules.DNS),
    ("TLS", rules.TLS),
    ("connection refused", rules.CLOSED),
    ("no connection within", rules.TIMEOUT),
    ("no byte came", rules.TIMEOUT),
    ("not complete after", rules.TIMEOUT),
    ("deadline", rules.TIMEOUT),
)
"""Words that the recorder writes for a request without an answer."""

MANAGEMENT_HOSTS = frozenset({"api.runpod.io", "v2-rest.runpod.io", "rest.runpod.io"})
"""RunPod's management hosts; jobs go to api.runpod.ai (docs.runpod.io, API reference v2)."""

NOWHERE = (rules.ENDPOINT_UNKNOWN, rules.BASE_URL)
TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
SUBMISSIONS = ("health", "run", "runsync")


def reach_endpoint(endpoint: EndpointEvidence) -> Stage:
    """Whether the job API answers for this endpoint, with this key."""
    good = [a for a in endpoint.answers if is_good(a)]
    last_good = good[-1].at_ms if good else -1.0
    # A refusal that a later answer made good was a moment's trouble.
    bad = [cause for a in endpoint.answers if a.at_ms > last_good and (cause := trouble(a, endpoint)) is not None]
    causes = {cause.rule.id: cause for cause in bad}
    refused = [a for a in endpoint.answers if a.status == 400 and "QB API" in words_of(a)]
    if refused:
        said = f"{refused[-1].url} answered 400 {words_of(refused[-1])}"
        causes = {rules.LOAD_BALANCER.id: load_balancer(endpoint, said)}
    if endpoint.config is not None and endpoint.config.type == "LOAD_BALANCER":
        causes = {rules.LOAD_BALANCER.id: load_balancer(endpoint, f'type "{endpoint.config.type}"')}
    if good:
        # An endpoint that answered is there: a 404 of /run is then about the job.
        causes = {rule: cause for rule, cause in causes.items() if cause.rule not in NOWHERE}
    ordered = sorted(causes.values(), key=lambda cause: rules.RULES.index(cause.rule))
    statuses = f"{len(good)} good answer(s) of {len(endpoint.answers)}"
    return Stage(promise=f"endpoint {endpoint.id} answers", evidence=statuses, causes=tuple(ordered))


def is_good(answer: Answer) -> bool:
    """A health document or a job."""
    if answer.status != 200 or answer.exchange is None:
        return False
    return health_of(answer.data) is not None if answer.route.name == "health" else said_by(answer.exchange) is not None


def trouble(answer: Answer, endpoint: EndpointEvidence) -> Cause | None:
    """What one answer of the job API says is wrong, or None."""
    if is_good(answer):
        return None
    basic = no_answer(answer, endpoint.id) or wrong_answer(answer, endpoint.id)
    if basic is not None:
        return basic
    if answer.status == 404:
        return not_found(answer, endpoint) if answer.route.name in SUBMISSIONS else None
    if answer.route.name == "health":
        status, to = answer.status, answer.exchange.response.headers.get("location") if answer.exchange else ""
        onward = f", which sends on to {to} (not followed: a key goes to no other address)" if to else ""
        return Cause(
            rule=rules.NOT_RUNPOD,
            subject=endpoint.id,
            claim=f"what answers at {address_of(answer.url)} is not RunPod's job API",
            evidence=f"/health answered {status} without jobs and workers: {words_of(answer) or 'empty'}{onward}",
            confidence=Confidence.LIKELY,
            seen={"url": answer.url, "status": status},
        )
    return None


def no_answer(answer: Answer, subject: str) -> Cause | None:
    """The cause behind a request without an answer."""
    if answer.exchange is not None:
        return None
    rule = next((rule for mark, rule in FAILURES if mark in answer.failure), rules.NO_ANSWER)
    where = address_of(answer.url)
    return Cause(
        rule=rule,
        subject=subject,
        claim=f"{where}: {rule.title}",
        evidence=f"{answer.method} {answer.url}: {answer.failure}",
        seen={"url": answer.url, "failure": answer.failure},
    )


def wrong_answer(answer: Answer, subject: str) -> Cause | None:
    """The cause behind an answer that any service may give: a page, 401, 429, 5xx."""
    status, where, page = answer.status, address_of(answer.url), page_of(answer)
    seen = {"url": answer.url, "status": status}
    if page is not None:
        title = f" titled '{page}'" if page else ""
        return Cause(
            rule=rules.PROXY_PAGE,
            subject=subject,
            claim=f"{where} is answered by a proxy or web server, not by the service behind it",
            evidence=f"{answer.method} {answer.url} answered {status} with a page of HTML{title}",
            confidence=Confidence.CERTAIN if status >= 500 else Confidence.LIKELY,
            seen=seen,
        )
    if status in (401, 403):
        sent = bool(answer.exchange and answer.exchange.request.headers.get("authorization"))
        return Cause(
            rule=rules.KEY_REFUSED if sent else rules.KEY_MISSING,
            subject=subject,
            claim=f"{where} refused the API key" if sent else f"no API key was sent to {where}",
            evidence=f"{answer.method} {answer.url} answered {status}, {words_of(answer) or 'with an empty body'}",
            seen=seen,
        )
    if status == 429:
        wait = answer.exchange.response.headers.get("retry-after") if answer.exchange else ""
        return Cause(
            rule=rules.RATE_LIMITED,
            subject=subject,
            claim=f"{where} refuses further requests for now",
            evidence=f"{answer.method} {answer.url} answered 429, Retry-After: {wait or 'not said'}",
            seen=seen | {"retry_after": wait},
        )
    if status >= 500:
        return Cause(
            rule=rules.SERVER_ERROR,
            subject=subject,
            claim=f"{where} answered with an error of its own",
            evidence=f"{answer.method} {answer.url} answered {status}: {words_of(answer) or 'an empty body'}",
            seen=seen,
        )
    return None


def not_found(answer: Answer, endpoint: EndpointEvidence) -> Cause:
    """404: the wrong host, or no such endpoint."""
    host, said = urlsplit(answer.url).hostname or "", words_of(answer)
    seen = {"url": answer.url, "status": 404, "body": said}
    managed = {a.status for a in endpoint.managed if a.route.name == "serverless"}
    body = answer.data
    bare = isinstance(body, dict) and body.get("message") == "Not Found"
    if host in MANAGEMENT_HOSTS or bare or 200 in managed:
        reason = (
            f"{host} is RunPod's management API"
            if host in MANAGEMENT_HOSTS
            else "the management API knows the endpoint"
            if 200 in managed
            else "the management API answers job URLs so"
        )
        return Cause(
            rule=rules.BASE_URL,
            subject=endpoint.id,
            claim=f"jobs are sent to {address_of(answer.url)}, which is not RunPod's job API",
            evidence=f"{answer.method} {answer.url} answered 404 {said}; {reason}",
            confidence=Confidence.CERTAIN if host in MANAGEMENT_HOSTS else Confidence.LIKELY,
            seen=seen,
        )
    beside = "; the management API does not know it either" if 404 in managed else ""
    return Cause(
        rule=rules.ENDPOINT_UNKNOWN,
        subject=endpoint.id,
        claim=f"there is no endpoint '{endpoint.id}' at {address_of(answer.url)}",
        evidence=f"{answer.method} {answer.url} answered 404 {said}{beside}",
        confidence=Confidence.CERTAIN if 404 in managed else Confidence.LIKELY,
        next_step=f"Copy the id from RunPod's console into {endpoint.variable}." if endpoint.variable else "",
        seen=seen,
    )


def load_balancer(endpoint: EndpointEvidence, evidence: str) -> Cause:
    """A load-balancing endpoint that is asked as if it had a queue."""
    return Cause(
        rule=rules.LOAD_BALANCER,
        subject=endpoint.id,
        claim=f"endpoint {endpoint.id} is a load balancer: it has no /run and no queue",
        evidence=evidence,
        next_step=f"Use https://{endpoint.id}.api.runpod.ai as COMFYUI_URL, or make a queue endpoint of the image.",
    )


def page_of(answer: Answer) -> str | None:
    """The title of a page of HTML ("" without one), or None for another body."""
    if answer.exchange is None:
        return None
    text = answer.exchange.response.body.text()[:4000].lstrip()
    kind = answer.exchange.response.headers.get("content-type").lower()
    if not ("text/html" in kind and "<" in text) and not text.lower().startswith(("<!doctype html", "<html")):
        return None
    found = TITLE.search(text)
    return " ".join(found[1].split())[:80] if found else ""


def words_of(answer: Answer) -> str:
    """The beginning of a body, on one line."""
    return " ".join(answer.exchange.response.body.text()[:200].split()) if answer.exchange else ""


def address_of(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def causes_of(answers: Sequence[Answer], subject: str) -> list[Cause]:
    """What stands against a service of any kind: the last trouble of each sort, unless a later answer was good."""
    last_good = max((a.at_ms for a in answers if a.status == 200 and page_of(a) is None), default=-1.0)
    bad = [no_answer(a, subject) or wrong_answer(a, subject) for a in answers if a.at_ms > last_good]
    return list({cause.rule.id: cause for cause in bad if cause is not None}.values())
