"""What a person reads: some thirty lines instead of hundreds of changes."""

import copy

from comfytape_contracts.drift import NamedWorkflow, compare_inventories, grouped


def test_hundreds_of_changes_are_some_thirty_lines(real):
    """0.3.64 with a pack of 2025 against 0.10.0 with one of 2026."""
    drift = compare_inventories(real["0.3.64-aug"], real["0.10.0-new"])
    groups = grouped(drift.assessed)

    assert len(drift.records) > 500
    assert len(groups) < 40
    assert sum(len(group.findings) for group in groups) == len(drift.findings)


def test_the_worst_comes_first(real):
    """Errors, then warnings, then the rest; infos have no next step."""
    groups = grouped(compare_inventories(real["0.3.64-aug"], real["0.10.0-new"]).assessed)

    assert [g.severity.rank for g in groups] == sorted(g.severity.rank for g in groups)
    assert all(bool(group.hint) == (group.severity != "info") for group in groups)


def test_one_change_that_hits_several_places_is_one_line(inventory, workflow):
    """The line names the places."""
    after = copy.deepcopy(inventory)
    del after["ImageScale"]
    workflow["5"] = copy.deepcopy(workflow["2"])
    drift = compare_inventories(inventory, after, [NamedWorkflow(workflow, "w.json")])

    assert [g.line for g in grouped(drift.assessed)] == [
        "ImageScale (ComfyUI) is gone. 2 places: w.json node 2, w.json node 5."
    ]


def test_changes_of_one_kind_are_one_line(inventory):
    """With the pack, the number and the first names."""
    after = copy.deepcopy(inventory)
    for name in ("ImageScale", "KSampler"):
        after[name]["description"] = "other words"
    (group,) = grouped(compare_inventories(inventory, after).assessed)

    assert group.line == "Words about a class changed, 2 times (ComfyUI): KSampler, ImageScale."
