"""The contract: what must hold of an endpoint, read from ``contracts/<name>/contract.yaml``."""

from comfytape_contracts.contract.load import Contract
from comfytape_contracts.contract.model import (
    Budgets,
    ContractModel,
    Cost,
    Endpoint,
    ModelFile,
    Outputs,
    RequiredNode,
    Samples,
    Vary,
    Versions,
)

__all__ = [
    "Budgets",
    "Contract",
    "ContractModel",
    "Cost",
    "Endpoint",
    "ModelFile",
    "Outputs",
    "RequiredNode",
    "Samples",
    "Vary",
    "Versions",
]
