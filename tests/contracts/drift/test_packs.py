"""Who brought a change about: packs that go, come, fail to import, and edit other packs' nodes."""

from comfytape_contracts.drift import change_records, compare_inventories, grouped, import_failures

LOG = """
[INFO] Starting server
Traceback (most recent call last):
ModuleNotFoundError: No module named 'comfy.nested_tensor'
Cannot import /comfyui/custom_nodes/RES4LYF module for custom nodes: No module named 'comfy.nested_tensor'
Import times for custom nodes:
   0.0 seconds: /comfyui/custom_nodes/websocket_image_save.py
   0.1 seconds (IMPORT FAILED): /comfyui/custom_nodes/RES4LYF
   0.1 seconds (IMPORT FAILED): C:\\ComfyUI\\custom_nodes\\other.py
"""


def test_a_pack_gone_is_one_record(real):
    """294 classes and what they did to the core: one record for the classes, one for each list that shrank."""
    records = change_records(real["0.3.64-aug"], real["0.3.64-none"])

    assert [(r.rule, r.pack, len(r.old)) for r in records if r.rule == "pack-removed"] == [
        ("pack-removed", "RES4LYF", 294)
    ]
    assert {r.rule for r in records} == {"pack-removed", "option-removed"}


def test_options_that_a_pack_put_into_the_core_name_the_pack(real):
    """KSampler's samplers went because RES4LYF did."""
    records = change_records(real["0.3.64-aug"], real["0.3.64-none"])
    causes = {(r.class_type, r.input): r.cause for r in records if r.rule == "option-removed"}

    assert causes["KSampler", "sampler_name"] == causes["BasicScheduler", "scheduler"] == "RES4LYF"


def test_the_reason_comes_from_the_log():
    """Path and system do not matter; without a reason the name stays."""
    assert import_failures(LOG) == {"RES4LYF": "No module named 'comfy.nested_tensor'", "other": ""}


def test_a_failed_import_is_said_in_one_line(real):
    """The line for a person names the pack, the number and the reason."""
    drift = compare_inventories(real["0.3.64-aug"], real["0.3.64-none"], failures=import_failures(LOG))

    assert grouped(drift.assessed)[0].line == (
        "RES4LYF: 294 classes gone; import failed: No module named 'comfy.nested_tensor'."
    )


def test_options_of_ones_own_have_no_other_cause(real):
    """RES4LYF changing its own nodes is its own doing."""
    records = change_records(real["0.10.0-aug"], real["0.10.0-new"])

    assert all(r.cause is None for r in records if r.pack == "RES4LYF")
