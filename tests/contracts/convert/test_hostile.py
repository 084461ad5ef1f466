"""No JSON, however broken, gives anything but a prompt or the error that names the trouble."""

import importlib.util
import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comfytape_contracts.convert import ConversionError, convert_workflow

_spec = importlib.util.spec_from_file_location("recordings", Path(__file__).with_name("recordings.py"))
recordings = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recordings)

NAMES = ("templates-0.10.0", "templates-0.33.0")
SMALL = [(name, entry) for name in NAMES for entry in recordings.cases(name) if len(json.dumps(entry["ui"])) < 12_000]
JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(min_value=-(2**70), max_value=2**70),
        st.floats(),
        st.sampled_from(["", "*", "-10", "-20", "COMBO", "MODEL", "1.5", "{a|{b|c}}", "%KSampler.seed%", "%a.b%"]),
        st.text(max_size=6),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=8,
)


def places(value):
    """Every (container, key) of a JSON document."""
    found, todo = [], [value]
    while todo:
        item = todo.pop()
        keys = item.keys() if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
        for key in list(keys):
            found.append((item, key))
            todo.append(item[key])
    return found


def convert_or_refuse(ui, inventory):
    try:
        prompt = convert_workflow(ui, inventory)
    except ConversionError as error:
        if not str(error).startswith("cannot convert "):
            raise AssertionError(str(error)) from error
        return
    json.dumps(prompt)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_template_broken_anywhere_converts_or_is_refused(data):
    """Values replaced, removed, exchanged: by junk of every type."""
    name, entry = data.draw(st.sampled_from(SMALL))
    ui = json.loads(json.dumps(entry["ui"]))
    for _ in range(data.draw(st.integers(1, 6))):
        spots = places(ui)
        container, key = spots[data.draw(st.integers(0, len(spots) - 1))]
        other, other_key = spots[data.draw(st.integers(0, len(spots) - 1))]
        action = data.draw(st.sampled_from(["junk", "copy", "drop"]))
        if action == "junk":
            container[key] = data.draw(JUNK)
        elif action == "copy":
            container[key] = json.loads(json.dumps(other[other_key]))
        elif isinstance(container, dict):
            del container[key]
        else:
            container[key] = None
    convert_or_refuse(ui, recordings.inventory(name))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_inventory_broken_anywhere_converts_or_is_refused(data):
    """A class of the inventory may say anything."""
    name, entry = data.draw(st.sampled_from(SMALL))
    whole = recordings.inventory(name)
    used = {node["type"] for node in entry["ui"]["nodes"]} & whole.keys()
    inventory = json.loads(json.dumps({key: whole[key] for key in sorted(used)}))
    spots = places(inventory)
    for _ in range(data.draw(st.integers(1, 4)) if spots else 0):
        container, key = spots[data.draw(st.integers(0, len(spots) - 1))]
        if isinstance(container, dict) or key < len(container):
            container[key] = data.draw(JUNK)
    convert_or_refuse(entry["ui"], inventory)


@given(ui=JUNK, inventory=st.dictionaries(st.text(max_size=3), JUNK, max_size=3))
def test_anything_at_all_converts_or_is_refused(ui, inventory):
    """Not even an object is needed."""
    convert_or_refuse(ui, inventory)


def node(identity, kind, **more):
    return {"id": identity, "type": kind, "inputs": [], "outputs": [], "mode": 0, **more}


def test_definitions_that_double_at_every_level_are_refused_at_once():
    """Forty levels of two instances each would be a million million nodes."""
    subgraphs = [
        {
            "id": f"s{level}",
            "name": f"s{level}",
            "links": [],
            "nodes": [node(1, f"s{level + 1}"), node(2, f"s{level + 1}")],
        }
        for level in range(40)
    ]
    started = time.perf_counter()
    with pytest.raises(ConversionError, match="unfolds to more than 50,000 nodes"):
        convert_workflow({"nodes": [node(1, "s0")], "definitions": {"subgraphs": subgraphs}}, {})
    assert time.perf_counter() - started < 2


def test_a_definition_that_contains_itself_is_refused():
    """By way of another one, too."""
    subgraphs = [
        {"id": "a", "name": "outer", "nodes": [node(1, "b")]},
        {"id": "b", "name": "inner", "nodes": [node(1, "a")]},
    ]
    with pytest.raises(ConversionError, match="contains itself"):
        convert_workflow({"nodes": [node(1, "a")], "definitions": {"subgraphs": subgraphs}}, {})


def test_a_chain_of_five_thousand_reroutes_converts():
    """No recursion: the length of a wire does not matter."""
    length = 5_000
    nodes = [node(0, "Make", outputs=[{"name": "IMAGE", "type": "IMAGE", "links": [1]}])]
    links = []
    for step in range(1, length + 1):
        links.append([step, step - 1, 0, step, 0, "IMAGE"])
        nodes.append(
            node(
                step,
                "Reroute",
                inputs=[{"name": "", "type": "*", "link": step}],
                outputs=[{"name": "", "type": "IMAGE", "links": [step + 1]}],
            )
        )
    links.append([length + 1, length, 0, length + 1, 0, "IMAGE"])
    nodes.append(node(length + 1, "Save", inputs=[{"name": "images", "type": "IMAGE", "link": length + 1}]))
    inventory = {
        "Make": {"input": {}, "output": ["IMAGE"], "output_name": ["IMAGE"]},
        "Save": {"input": {"required": {"images": ["IMAGE"]}}, "output": []},
    }
    started = time.perf_counter()
    prompt = convert_workflow({"nodes": nodes, "links": links}, inventory)
    assert prompt[str(length + 1)]["inputs"] == {"images": ["0", 0]}
    assert time.perf_counter() - started < 20
