"""What changed between two moments of an endpoint, and what of it matters to the workflows that run there."""

from comfytape_contracts.drift.change import ChangeRecord
from comfytape_contracts.drift.compare import Drift, NamedWorkflow, compare_inventories, diff_inventories
from comfytape_contracts.drift.packs import import_failures
from comfytape_contracts.drift.walk import change_records

__all__ = [
    "ChangeRecord",
    "Drift",
    "NamedWorkflow",
    "change_records",
    "compare_inventories",
    "diff_inventories",
    "import_failures",
]
