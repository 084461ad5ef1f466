"""What a ComfyUI says it has: ``/object_info`` read, classes with their inputs, packs and the version behind it."""

from comfytape_contracts.inventory.dynamic import live_inputs, unmade_choices
from comfytape_contracts.inventory.inventory import Inventory
from comfytape_contracts.inventory.node_class import CORE, NodeClass, pack_of
from comfytape_contracts.inventory.spec import InputSpec
from comfytape_contracts.inventory.version import Version, estimate_version, latest_version, parse_version

__all__ = [
    "CORE",
    "InputSpec",
    "Inventory",
    "NodeClass",
    "Version",
    "estimate_version",
    "latest_version",
    "live_inputs",
    "pack_of",
    "parse_version",
    "unmade_choices",
]
