"""How ``POST /prompt`` behaves, by release. Read from ComfyUI's execution.py and _io.py at each release tag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfytape_contracts.inventory import Version, estimate_version

if TYPE_CHECKING:
    from comfytape_contracts.inventory import Inventory

__all__ = ["Behaviour"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What differs between releases in what ``POST /prompt`` checks and says.

    Attributes:
        version: the release this was taken for.
        takes_targets: ``partial_execution_targets`` of a request is heeded (commit 97eb256a, 0.3.48).
        checks_v3_options: a V3 combo's value must be one of its options (commit 0be8a76c, 0.8.0).
        list_feeds_combo: a list-typed output may feed a V3 combo (same commit).
        any_in_union: ``*`` inside a comma union matches anything (same commit).
        autogrow_required: autogrow inputs below the minimum are required, and optional ones work at all (commit
            7458e204, 0.10.0).
        unknown_class: error type for a class that is missing (``missing_node_type`` since commit 32621c6a, 0.12.0).
        replaces_classes: some old classes are replaced by new ones before checking, and a node whose inputs are no
            object makes the server fail (commit 596ed686, 0.14.0).
        names_cycles: a dependency cycle is an error of its own (commit 2327fa1c, 0.20.0).
        checks_multiselect: each value of a multi-select combo is checked (commit 431fadb5, 0.21.0).
    """

    version: Version
    takes_targets: bool
    checks_v3_options: bool
    list_feeds_combo: bool
    any_in_union: bool
    autogrow_required: bool
    unknown_class: str
    replaces_classes: bool
    names_cycles: bool
    checks_multiselect: bool

    @classmethod
    def of(cls, version: Version) -> Behaviour:
        """Behaviour of one release."""
        return cls(
            version=version,
            takes_targets=version >= (0, 3, 48),
            checks_v3_options=version >= (0, 8, 0),
            list_feeds_combo=version >= (0, 8, 0),
            any_in_union=version >= (0, 8, 0),
            autogrow_required=version >= (0, 10, 0),
            unknown_class="missing_node_type" if version >= (0, 12, 0) else "invalid_prompt",
            replaces_classes=version >= (0, 14, 0),
            names_cycles=version >= (0, 20, 0),
            checks_multiselect=version >= (0, 21, 0),
        )

    @classmethod
    def behind(cls, inventory: Inventory, *, at_least: Version | None = None) -> Behaviour:
        """Behaviour of the release that an inventory seems to come from, or of ``at_least`` if that is newer."""
        estimate = estimate_version(inventory)
        return cls.of(max(estimate, at_least) if at_least else estimate)
