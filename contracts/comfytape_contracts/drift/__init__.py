"""What changed between two moments of an endpoint, and what of it matters to the workflows that run there."""

from comfytape_contracts.drift.change import ChangeRecord
from comfytape_contracts.drift.compare import Drift, NamedWorkflow, compare_inventories, diff_inventories
from comfytape_contracts.drift.grouping import Group, grouped
from comfytape_contracts.drift.models import ModelFolders, model_records, names_in_workflows
from comfytape_contracts.drift.packs import import_failures
from comfytape_contracts.drift.rating import Assessed, stated
from comfytape_contracts.drift.shapes import infer_shape, shape_records
from comfytape_contracts.drift.timing import JobTime, diff_timing
from comfytape_contracts.drift.versions import pack_version_records, version_records
from comfytape_contracts.drift.walk import change_records

__all__ = [
    "Assessed",
    "ChangeRecord",
    "Drift",
    "Group",
    "JobTime",
    "ModelFolders",
    "NamedWorkflow",
    "change_records",
    "compare_inventories",
    "diff_inventories",
    "diff_timing",
    "grouped",
    "import_failures",
    "infer_shape",
    "model_records",
    "names_in_workflows",
    "pack_version_records",
    "shape_records",
    "stated",
    "version_records",
]
