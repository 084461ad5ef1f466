"""A real inventory comes through byte for byte: inputs NAMED like keys are no keys."""

from __future__ import annotations

import gzip

from comfytape_cassettes.redaction import Redactor, Secrets, harvest

KEY = "rpa_" + "TESTKEY0123456789"


def test_a_whole_object_info_comes_through_byte_for_byte(inventory):
    """ComfyUI's nodes have inputs named api_key_comfy_org and auth_token_comfy_org; a filter by name ruins them."""
    assert b'"api_key_comfy_org"' in inventory
    redactor = Redactor(Secrets.of([KEY]))
    assert redactor.body(inventory, "application/json") == (inventory, False)
    assert redactor.scan(inventory) == []


def test_an_object_info_gives_nothing_away(inventory):
    """Nothing in it is learnt as a secret, compressed or not."""
    assert harvest("http://127.0.0.1:8188/object_info", response_body=inventory) == ()
    packed = gzip.compress(inventory)
    assert harvest("http://x/object_info", response_headers=[("Content-Encoding", "gzip")], response_body=packed) == ()


def test_only_the_secret_in_an_inventory_changes(inventory):
    """A key that got into a node's default is masked there, and not one other byte moves."""
    middle = inventory.index(b'"tooltip": "') + len(b'"tooltip": "')
    planted = inventory[:middle] + KEY.encode() + b" " + inventory[middle:]
    clean, _ = Redactor().body(planted, "application/json")
    assert clean == inventory[:middle] + b"REDACTED " + inventory[middle:]
