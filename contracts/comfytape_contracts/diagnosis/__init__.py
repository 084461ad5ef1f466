"""Diagnosis: why an endpoint can or cannot do its job, as pure functions from what was said to causes."""

from comfytape_contracts.diagnosis.cause import Cause, Confidence, Stage
from comfytape_contracts.diagnosis.diagnosis import Diagnosis, diagnose
from comfytape_contracts.diagnosis.evidence import Asked, EndpointEvidence, Evidence
from comfytape_contracts.diagnosis.failures import failure_of

__all__ = [
    "Asked",
    "Cause",
    "Confidence",
    "Diagnosis",
    "EndpointEvidence",
    "Evidence",
    "Stage",
    "diagnose",
    "failure_of",
]
