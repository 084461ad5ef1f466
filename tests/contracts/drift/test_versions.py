"""What /system_stats says about two moments."""

import pytest

from comfytape_contracts.drift import pack_version_records, stated, version_records

STATS = {
    "system": {
        "comfyui_version": "0.10.0",
        "python_version": "3.11.7 (main) [GCC 12.2.0]",
        "pytorch_version": "2.8.0+cu128",
        "required_frontend_version": "1.36.14",
        "argv": ["main.py", "--listen", "127.0.0.1", "--port", "8188", "--cpu"],
    },
    "devices": [{"name": "cuda:0 NVIDIA L4 : cudaMallocAsync", "type": "cuda", "vram_total": 23_600_000_000}],
}


def changed(**system):
    return {**STATS, "system": STATS["system"] | system}


@pytest.mark.parametrize(
    ("after", "rule", "message"),
    [
        (changed(comfyui_version="0.27.0"), "comfyui-upgraded", "ComfyUI is 0.27.0, was 0.10.0."),
        (changed(comfyui_version="0.3.64"), "comfyui-downgraded", "ComfyUI is 0.3.64, was 0.10.0."),
        (changed(python_version="3.12.3 (other)"), "python-changed", "Python is 3.12.3, was 3.11.7."),
        (changed(pytorch_version="2.8.0+cpu"), "pytorch-changed", "PyTorch is 2.8.0+cpu, was 2.8.0+cu128."),
        (changed(required_frontend_version="1.40.0"), "frontend-changed", "the editor is 1.40.0, was 1.36.14."),
        (changed(argv=["main.py", "--lowvram"]), "launch-changed", None),
        ({**STATS, "devices": [{"name": "cuda:0 NVIDIA GeForce RTX 4090", "vram_total": 25_200_000_000}]}, "device-changed", None),
        ({**STATS, "devices": STATS["devices"] * 2}, "device-changed", None),
    ],
)  # fmt: skip
def test_each_part_has_its_rule(after, rule, message):
    """One change, one record, in words."""
    (each,) = stated(version_records(STATS, after))

    assert each.record.rule == rule
    assert message is None or each.finding.message == message


@pytest.mark.parametrize(
    "after",
    [
        changed(python_version="3.11.7 (another build)"),
        changed(argv=["main.py", "--cpu", "--listen", "127.0.0.1", "--base-directory", "/other", "--port", "9000"]),
        {**STATS, "devices": [STATS["devices"][0] | {"name": "cuda:1 NVIDIA L4 : native", "vram_total": 23_500_000_000}]},
        {},
        {"system": {}, "devices": []},
        {"system": None, "devices": None},
    ],
)  # fmt: skip
def test_what_tells_nothing_is_no_change(after):
    """Builds, ports, folders, allocators, a little memory, and what a side does not state."""
    assert version_records(STATS, after) == []


def test_another_version_of_a_pack_is_said():
    """As ComfyUI-Manager lists it: a version, or a commit."""
    before = {"RES4LYF": "1.0.0", "Impact": "0a1b2c3d", "same": "1"}
    records = pack_version_records(before, {"res4lyf": "1.1.0", "Impact": "ffffffff", "same": "1", "new": "1"})

    assert [each.finding.rule for each in stated(records)] == ["pack-version-changed"] * 2
    assert stated(records)[0].finding.message == "the pack RES4LYF is 1.1.0, was 1.0.0."


def test_a_pack_that_one_side_does_not_tell_is_not_compared():
    """Packs that came or went are told by their classes."""
    assert pack_version_records({"A": "1", "B": ""}, {"B": "2", "C": "1", "A": ""}) == []
