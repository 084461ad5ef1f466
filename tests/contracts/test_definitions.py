"""A pack's fingerprint: the same for the same release, whatever lies in the model folders."""

from __future__ import annotations

import copy
import json
import lzma
from pathlib import Path

import pytest

from comfytape_contracts.definitions import definitions_of

DATA = Path(__file__).parents[1] / "data"


def inventory(path):
    return json.loads(lzma.decompress((DATA / path).read_bytes()))


@pytest.fixture(scope="module")
def real():
    return inventory("redaction/object_info-0.10.0.json.xz")


@pytest.fixture(scope="module")
def own(real):
    """The digest of RES4LYF with one class changed."""

    def digest(change, name="ClownsharKSampler_Beta"):
        changed = {**real, name: copy.deepcopy(real[name])}
        change(changed[name])
        return definitions_of(changed)["RES4LYF"]

    return digest


def test_packs_are_named_and_the_core_is_left_out(real):
    """One digest for each folder of custom_nodes that brought classes."""
    assert list(definitions_of(real)) == ["RES4LYF", "websocket_image_save"]


def test_two_releases_differ(real):
    """RES4LYF of August 2025 on 0.3.64, and 1.1.0 on 0.10.0; a pack that did not change has one digest on both."""
    older = definitions_of(inventory("redaction/object_info-0.3.64.json.xz"))
    newer = definitions_of(real)
    assert older["RES4LYF"] != newer["RES4LYF"]
    assert older["websocket_image_save"] == newer["websocket_image_save"]


def test_an_input_that_is_gone_changes_it(real, own):
    """What a prompt depends on counts."""
    assert own(lambda raw: raw["input"]["required"].pop("bongmath")) != definitions_of(real)["RES4LYF"]


def test_an_option_that_is_gone_changes_it(real, own):
    """So does an option of a list that is not one of files."""

    def shorten(raw):
        spec = raw["input"]["required"]["sampler_mode"]
        options = spec[0] if isinstance(spec[0], list) else spec[1]["options"]
        options.pop()

    assert own(shorten) != definitions_of(real)["RES4LYF"]


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.update(description="other words", display_name="Another", deprecated=False),
        lambda raw: raw["input"]["required"]["steps"][1].update(tooltip="other words"),
        lambda raw: raw["input"].update(required=dict(reversed(raw["input"]["required"].items()))),
        lambda raw: raw["input"]["required"]["steps"][1].update(default=30.0),
    ],
    ids=["texts", "tooltip", "order", "spelling"],
)
def test_words_order_and_spelling_do_not(real, own, change):
    """They change from release to release without any effect on a prompt."""
    assert own(change) == definitions_of(real)["RES4LYF"]


@pytest.mark.parametrize("files", [[], [".none"], [".none", "a.safetensors", "b.safetensors"]])
def test_lists_of_files_do_not(own, files):
    """A server's content is no version: no file, names of the pack's own, or many files."""

    def relist(raw):
        raw["input"]["required"]["clip_name2_opt"] = [files]

    assert own(relist, "FluxLoader") == own(lambda raw: None, "FluxLoader")
