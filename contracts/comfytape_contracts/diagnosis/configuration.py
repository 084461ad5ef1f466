"""Risks in an endpoint's configuration, each from a number that was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.diagnosis.cause import Cause, Confidence, Stage
from comfytape_contracts.findings import Severity
from comfytape_contracts.rules import configuration as rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfytape_contracts.diagnosis.evidence import EndpointEvidence
    from comfytape_contracts.diagnosis.management import EndpointConfig
    from comfytape_contracts.rules import Rule

__all__ = ["examine_configuration"]

LARGE_RESULT = 5_000_000
"""Bytes of one answer: half of what /run lets through (docs.runpod.io, send requests)."""

BUCKET_VARIABLES = ("BUCKET_ENDPOINT_URL", "BUCKET_ACCESS_KEY_ID", "BUCKET_SECRET_ACCESS_KEY")
"""What worker-comfyui needs to put images into S3 (its docs/configuration.md)."""


def examine_configuration(endpoint: EndpointEvidence) -> Stage:
    """All risks that can be read off configuration, workers, volumes and catalogue."""
    config = endpoint.config
    promise = "the configuration is sound"
    jobs = list(risks_of_jobs(endpoint))
    if config is None:
        said = "; ".join(f"{a.url} answered {a.status or a.failure}" for a in endpoint.managed)
        unseen = risk(rules.UNSEEN, endpoint, "the endpoint's configuration was not seen", said or "not asked")
        return Stage(
            promise=promise, evidence=said or "the management API was not asked", causes=(*jobs, unseen), unseen=True
        )
    causes = [*volume_risks(endpoint, config), *jobs, *worker_risks(endpoint, config), *image_risks(endpoint, config)]
    evidence = (
        f"workers {config.workers.min} to {config.workers.max}, timeout {config.timeout_ms / 1000:g} s, flashboot "
        f"{config.flashboot or 'not said'}, image {config.image}"
    )
    ordered = sorted(causes, key=lambda cause: cause.weight.rank)
    return Stage(promise=promise, evidence=evidence, causes=tuple(ordered))


def risk(
    rule: Rule,
    endpoint: EndpointEvidence,
    claim: str,
    evidence: str,
    *,
    confidence: Confidence = Confidence.CERTAIN,
    severity: Severity | None = None,
    **seen: Any,
) -> Cause:
    """A cause about this endpoint's configuration."""
    return Cause(
        rule=rule,
        subject=endpoint.id,
        claim=claim,
        evidence=evidence,
        confidence=confidence,
        severity=severity,
        seen=seen,
    )


def volume_risks(endpoint: EndpointEvidence, config: EndpointConfig) -> Iterator[Cause]:
    """Where the volumes are, and how many."""
    centers = config.data_centers
    for volume in endpoint.volumes:
        if volume.id in config.volumes and centers and volume.data_center not in centers:
            yield risk(
                rules.VOLUME_DATA_CENTER,
                endpoint,
                f"volume {volume.id} is in {volume.data_center}, and {endpoint.id} may only start elsewhere",
                f"volume dataCenter {volume.data_center}; endpoint dataCenterIds {', '.join(centers)}",
                # With a second volume in the right place some workers do start.
                severity=Severity.WARNING if len(config.volumes) > 1 else None,
                volume=volume.data_center,
                endpoint_centers=centers,
            )
    if len(config.volumes) > 1:
        yield risk(
            rules.VOLUMES,
            endpoint,
            f"{endpoint.id} has {len(config.volumes)} network volumes, and each must hold all models",
            f"networkVolumes {', '.join(config.volumes)}",
            volumes=config.volumes,
        )


def worker_risks(endpoint: EndpointEvidence, config: EndpointConfig) -> Iterator[Cause]:
    """How many workers there may be, whether they are current, and whether there are cards for them."""
    bounds = config.workers
    if bounds.max == 1:
        yield risk(rules.ONE_WORKER, endpoint, f"{endpoint.id} may have one worker only", "workers.max 1", max=1)
    if bounds.min > 0:
        claim = f"{bounds.min} worker(s) of {endpoint.id} are billed around the clock"
        yield risk(rules.MIN_WORKERS, endpoint, claim, f"workers.min {bounds.min}", min=bounds.min)
    if config.flashboot == "OFF":
        yield risk(rules.FLASHBOOT, endpoint, f"FlashBoot of {endpoint.id} is off", 'flashboot "OFF"', flashboot="OFF")
    stale = [w for w in (endpoint.workers.workers if endpoint.workers else ()) if w.stale]
    if stale and endpoint.workers:
        total, current = len(endpoint.workers.workers), endpoint.workers.version
        yield risk(
            rules.STALE_WORKERS,
            endpoint,
            f"{len(stale)} of {total} worker(s) of {endpoint.id} run an older configuration",
            f"worker {stale[0].id} has version {stale[0].version}, the endpoint {current}",
            stale=len(stale),
        )
    pools = config.gpu.pools if config.gpu else []
    cards = [g for g in endpoint.gpus if g.pool in pools and g.id not in (config.gpu.excluded if config.gpu else ())]
    levels = {g.id: g.availability for g in cards if g.availability}
    if levels and set(levels.values()) == {"NONE"}:
        yield risk(
            rules.NO_STOCK,
            endpoint,
            f"no card of the pools {', '.join(pools)} is free",
            ", ".join(f"{name} {level}" for name, level in levels.items()),
            pools=pools,
        )


def image_risks(endpoint: EndpointEvidence, config: EndpointConfig) -> Iterator[Cause]:
    """Which code runs, and how long it may."""
    name = config.image.rpartition("/")[2]
    if config.image and "@sha256:" not in config.image and name.partition(":")[2] in ("", "latest"):
        claim = f"the image of {endpoint.id} has no fixed tag: workers may run different code"
        yield risk(rules.FLOATING_IMAGE, endpoint, claim, f"image {config.image}", image=config.image)
    longest = max((job.last.execution_ms or 0 for job in endpoint.ended if job.last), default=0)
    if config.timeout_ms == 0:
        yield risk(rules.TIMEOUT_ZERO, endpoint, f"{endpoint.id} has no execution timeout", "timeout 0", timeout_ms=0)
    elif longest >= config.timeout_ms:
        yield risk(
            rules.TIMEOUT,
            endpoint,
            f"the execution timeout of {endpoint.id} is below what jobs take",
            f"timeout {config.timeout_ms / 1000:g} s, longest execution {longest / 1000:.1f} s",
            timeout_ms=config.timeout_ms,
            longest_ms=longest,
        )


def risks_of_jobs(endpoint: EndpointEvidence) -> Iterator[Cause]:
    """What jobs on the recording show: results near the limit, a TTL that is too short."""
    config = endpoint.config
    sizes = [len(s.exchange.response.body.raw()) for job in endpoint.ended for s in job.states if s.said.is_final]
    largest = max(sizes, default=0)
    has_bucket = config is not None and all(name in config.env for name in BUCKET_VARIABLES)
    if largest > LARGE_RESULT and not has_bucket:
        yield risk(
            rules.LARGE_RESULTS,
            endpoint,
            f"results of {endpoint.id} come near the limit of 10 MB and go through the job API",
            f"largest answer {largest / 1e6:.1f} MB; " + ("no BUCKET_… set" if config else "env not seen"),
            confidence=Confidence.CERTAIN if config else Confidence.POSSIBLE,
            bytes=largest,
        )
    for job in endpoint.ended:
        policy = job.request.get("policy") if isinstance(job.request, dict) else None
        ttl = policy.get("ttl") if isinstance(policy, dict) else None
        took = ((job.last.delay_ms or 0) + (job.last.execution_ms or 0)) if job.last else 0
        if isinstance(ttl, int | float) and took and ttl < 2 * took:
            yield risk(
                rules.TTL,
                endpoint,
                f"the TTL of jobs of {endpoint.id} is hardly longer than queue and execution together",
                f"policy.ttl {ttl / 1000:g} s; job {job.id[:8]} took {took / 1000:.1f} s",
                ttl_ms=ttl,
                took_ms=took,
            )
            return
