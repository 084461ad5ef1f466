"""How a graph's wires become links in the prompt. Small graphs, one rule each."""

import pytest

from comfytape_contracts.convert import ConversionError, convert_workflow

INVENTORY = {
    "Make": {"input": {}, "output": ["IMAGE"], "output_name": ["IMAGE"], "display_name": "Make it"},
    "Change": {"input": {"required": {"a": ["MASK"], "image": ["IMAGE"]}}, "output": ["IMAGE"]},
    "Save": {"input": {"required": {"images": ["IMAGE"]}}, "output": []},
    "Number": {"input": {"required": {"value": ["INT", {"min": 0, "max": 10}]}}, "output": ["INT"]},
    "Text": {"input": {"required": {"text": ["STRING", {"multiline": True}]}}, "output": []},
}
MODERN = {key: {**info, "search_aliases": []} for key, info in INVENTORY.items()}


def node(identity, kind, *, inputs=(), outputs=(), **more):
    return {
        "id": identity,
        "type": kind,
        "mode": 0,
        "inputs": [
            {"name": name, "type": type_, "link": link, **extra} for name, type_, link, extra in map(padded, inputs)
        ],
        "outputs": [{"name": type_, "type": type_, "links": list(links)} for type_, links in outputs],
        **more,
    }


def padded(item):
    return (*item, {}) if len(item) == 3 else item


def chain(kind, mode=0, name="image", **more):
    """Make ─► a node of this kind ─► Save."""
    middle = node(2, kind, inputs=[(name, "IMAGE", 1)], outputs=[("IMAGE", [2])], mode=mode, **more)
    return {
        "nodes": [node(1, "Make", outputs=[("IMAGE", [1])]), middle, node(3, "Save", inputs=[("images", "IMAGE", 2)])],
        "links": [
            [1, 1, 0, 2, 0, "IMAGE"],
            {"id": 2, "origin_id": 2, "origin_slot": 0, "target_id": 3, "target_slot": 0},
        ],
        "version": 0.4,
    }


def test_a_link_is_the_node_and_the_output_s_number():
    """And the title is the class's, unless the file has one."""
    ui = chain("Change")
    ui["nodes"][2]["title"] = "Mine"
    prompt = convert_workflow(ui, INVENTORY)
    assert prompt == {
        "1": {"inputs": {}, "class_type": "Make", "_meta": {"title": "Make it"}},
        "2": {"inputs": {"image": ["1", 0]}, "class_type": "Change", "_meta": {"title": "Change"}},
        "3": {"inputs": {"images": ["2", 0]}, "class_type": "Save", "_meta": {"title": "Mine"}},
    }


def test_a_bypassed_node_passes_its_input_of_the_same_type_on():
    """Its first input of that type."""
    assert convert_workflow(chain("Change", mode=4), INVENTORY)["3"]["inputs"] == {"images": ["1", 0]}


def test_a_bypassed_node_may_be_of_an_unknown_class():
    """Its slots are in the file."""
    assert convert_workflow(chain("Gone", mode=4), INVENTORY)["3"]["inputs"] == {"images": ["1", 0]}


def test_a_bypassed_node_without_such_an_input_leaves_the_input_empty():
    """Nothing fits, nothing flows."""
    ui = chain("Change", mode=4)
    ui["nodes"][1] = node(2, "Number", outputs=[("INT", [2])], mode=4)
    assert convert_workflow(ui, INVENTORY)["3"]["inputs"] == {}


def test_wildcards_pass_a_bypass_by_position():
    """An input of type ``*`` takes the input of the same number, else the first."""
    inventory = {
        **INVENTORY,
        "Save": {"input": {"required": {"images": ["*"]}}},
        "Two": {"input": {}, "output": ["A", "B"]},
    }
    ui = chain("Change", mode=4)
    assert convert_workflow(ui, inventory)["3"]["inputs"] == {}
    ui["nodes"][1] = node(2, "Gone", inputs=[("x", "IMAGE", 1)], outputs=[("A", []), ("B", [2])], mode=4)
    ui["links"][1]["origin_slot"] = 1
    assert convert_workflow(ui, inventory)["3"]["inputs"] == {"images": ["1", 0]}


def test_a_muted_node_takes_its_links_with_it():
    """In every frontend."""
    for inventory in (INVENTORY, MODERN):
        prompt = convert_workflow(chain("Change", mode=2), inventory)
        assert prompt.keys() == {"1", "3"}
        assert prompt["3"]["inputs"] == {}


def test_a_reroute_is_a_wire():
    """Virtual nodes are not sent."""
    prompt = convert_workflow(chain("Reroute", name=""), INVENTORY)
    assert prompt.keys() == {"1", "3"}
    assert prompt["3"]["inputs"] == {"images": ["1", 0]}


def test_a_reroute_unplugs_what_does_not_fit():
    """A mask does not reach an image through it."""
    inventory = {**INVENTORY, "Make": {**INVENTORY["Make"], "output": ["MASK"]}}
    assert convert_workflow(chain("Reroute", name=""), inventory)["3"]["inputs"] == {}


def test_notes_are_dropped():
    """With the virtual nodes that have nothing to say."""
    ui = {"nodes": [node(1, "Note", widgets_values=["x"]), node(2, "MarkdownNote", widgets_values=["y"])]}
    assert convert_workflow(ui, INVENTORY) == {}


def test_a_primitive_s_value_goes_into_the_widget_within_its_range():
    """12.6 into 0 to 10."""
    ui = {
        "nodes": [
            node(1, "PrimitiveNode", outputs=[("INT", [1])], widgets_values=[12.6, "fixed"]),
            node(2, "Number", inputs=[("value", "INT", 1, {"widget": {"name": "value"}})], widgets_values=[3]),
        ],
        "links": [[1, 1, 0, 2, 0, "INT"]],
    }
    assert convert_workflow(ui, INVENTORY)["2"]["inputs"] == {"value": 10}


def test_a_primitive_may_quote_another_widget():
    """Where its property says so; and then its value must be a text."""
    ui = {
        "nodes": [
            node(
                1,
                "PrimitiveNode",
                outputs=[("STRING", [1])],
                widgets_values=["%Number.value%!"],
                properties={"Run widget replace on values": True},
            ),
            node(2, "Text", inputs=[("text", "STRING", 1, {"widget": {"name": "text"}})], widgets_values=["x"]),
            node(3, "Number", widgets_values=[3]),
        ],
        "links": [[1, 1, 0, 2, 0, "STRING"]],
    }
    assert convert_workflow(ui, INVENTORY)["2"]["inputs"] == {"text": "3!"}
    ui["nodes"][1] = node(2, "Number", inputs=[("value", "INT", 1, {"widget": {"name": "value"}})])
    ui["nodes"][0]["widgets_values"] = [4]
    with pytest.raises(ConversionError, match="the value is no text"):
        convert_workflow(ui, INVENTORY)


def subgraph(**more):
    inner = node(5, "Text", inputs=[("text", "STRING", 7, {"widget": {"name": "text"}})], widgets_values=["inside"])
    definition = {
        "id": "def",
        "name": "Sub",
        "nodes": [inner],
        "links": [{"id": 7, "origin_id": -10, "origin_slot": 0, "target_id": 5, "target_slot": 0, "type": "STRING"}],
        "inputs": [{"name": "words", "type": "STRING", "linkIds": [7]}],
        "outputs": [],
    }
    return {"nodes": [node(1, "def", **more)], "definitions": {"subgraphs": [definition]}}


def test_a_subgraph_s_own_value_goes_to_the_node_inside():
    """Whose id is the path to it."""
    prompt = convert_workflow(subgraph(widgets_values=["outside"]), INVENTORY)
    assert prompt["1:5"]["inputs"] == {"text": "outside"}


def test_values_of_proxy_widgets_are_those_named_by_their_input():
    """``-1`` stands for the instance itself; the property may be JSON text."""
    for pairs in ([["-1", "words"], ["5", "text"]], '[["-1", "words"]]'):
        ui = subgraph(widgets_values=["outside"], properties={"proxyWidgets": pairs})
        assert convert_workflow(ui, INVENTORY)["1:5"]["inputs"] == {"text": "outside"}


def test_nodes_inside_a_muted_subgraph_are_sent_by_old_frontends_only():
    """As docs/conversion.md says."""
    assert convert_workflow(subgraph(mode=2), INVENTORY).keys() == {"1:5"}
    assert convert_workflow(subgraph(mode=2), MODERN) == {}


def test_newer_frontends_renumber_nodes_whose_id_is_taken():
    """The instance and the node inside both have the number 5."""
    ui = subgraph(properties={"proxyWidgets": [["5", "text"]]})
    ui["nodes"][0]["id"], ui["last_node_id"] = 5, 5
    assert convert_workflow(ui, INVENTORY).keys() == {"5:5"}
    assert convert_workflow(ui, MODERN).keys() == {"5:6"}
    ui["last_node_id"] = 10**9
    with pytest.raises(ConversionError, match="no number free"):
        convert_workflow(ui, MODERN)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("Gone", "the inventory has no such class"),
        ("SetNode", "JavaScript of KJNodes"),
        ("workflow/mine", "group node of an old frontend"),
        ("0a0b0c0d-0000-4000-8000-000000000000", "no definition of this subgraph"),
    ],
)
def test_nodes_that_cannot_be_known_are_refused_by_name(kind, reason):
    """The message has the id, the type and the reason."""
    with pytest.raises(ConversionError, match=reason) as caught:
        convert_workflow(chain(kind), INVENTORY)
    assert (caught.value.node_id, caught.value.class_type) == ("2", kind)
    assert caught.value.exit_code == 2


def test_nodes_that_only_switch_or_label_are_left_out():
    """The modes that they set are stored with each node."""
    assert convert_workflow({"nodes": [node(1, "Label (rgthree)")]}, INVENTORY) == {}


def broken(change):
    ui = chain("Reroute", name="")
    change(ui)
    return ui


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda ui: ui.pop("nodes"), "not a UI workflow"),
        (lambda ui: ui["nodes"].append(None), "no usable id"),
        (lambda ui: ui["nodes"].append({"id": True, "type": "x"}), "no usable id"),
        (lambda ui: ui["nodes"].append({"id": 9}), "expected the name of a class"),
        (lambda ui: ui["nodes"].append({"id": 1, "type": "Save"}), "share this id"),
        (lambda ui: ui["nodes"].append(7), "expected an object"),
        (lambda ui: ui.update(links=7), "expected a list"),
        (lambda ui: ui["links"].append([1]), "expected six values"),
        (lambda ui: ui["links"].append([9, 1, "x", 2, 0, "*"]), "expected a number"),
        (lambda ui: ui.update(definitions={"subgraphs": [{"nodes": []}]}), "has no id"),
        (lambda ui: ui["links"].pop(), "names link 2, which the file does not have"),
        (lambda ui: ui["nodes"].pop(1), "linked to node 2, which the file does not have"),
        (lambda ui: ui["links"].__setitem__(0, [1, 2, "0", 2, 0, "IMAGE"]), "round in a circle"),
    ],
)
def test_broken_files_are_refused_with_the_reason(change, reason):
    """What the frontend, too, cannot load or send."""
    with pytest.raises(ConversionError, match=reason):
        convert_workflow(broken(change), INVENTORY)


def test_broken_subgraphs_are_refused_with_the_reason():
    """Ports and links that lead nowhere; proxy widgets that are no pairs."""
    ui = subgraph()
    ui["definitions"]["subgraphs"][0]["links"][0]["origin_slot"] = 4
    with pytest.raises(ConversionError, match="no such input"):
        convert_workflow(ui, INVENTORY)
    with pytest.raises(ConversionError, match="expected pairs"):
        convert_workflow(subgraph(properties={"proxyWidgets": [["5"]]}), INVENTORY)
    with pytest.raises(ConversionError, match="expected pairs"):
        convert_workflow(subgraph(properties={"proxyWidgets": "no json"}), INVENTORY)
    ui = subgraph()
    ui["nodes"][0]["inputs"] = [{"name": "words", "type": "STRING", "link": 99}]
    with pytest.raises(ConversionError, match="names link 99"):
        convert_workflow(ui, INVENTORY)


def outlet(**port):
    ui = subgraph(outputs=[("IMAGE", [1])])
    ui["definitions"]["subgraphs"][0]["outputs"] = [{"name": "out", "type": "IMAGE", "linkIds": [8], **port}]
    ui["definitions"]["subgraphs"][0]["links"].append([8, 77, 0, -20, 0, "IMAGE"])
    ui["nodes"].append(node(2, "Save", inputs=[("images", "IMAGE", 1)]))
    ui["links"] = [[1, 1, 0, 2, 0, "IMAGE"]]
    return ui


def test_outputs_of_subgraphs_lead_to_the_node_inside():
    """Or to nothing, or to an error if the file names a node that it does not have."""
    with pytest.raises(ConversionError, match="not fed by a node inside"):
        convert_workflow(outlet(), INVENTORY)
    assert convert_workflow(outlet(linkIds=[]), INVENTORY)["2"]["inputs"] == {}
    ui = outlet()
    ui["definitions"]["subgraphs"][0]["nodes"].append(node(77, "Make", outputs=[("IMAGE", [8])]))
    assert convert_workflow(ui, INVENTORY)["2"]["inputs"] == {"images": ["1:77", 0]}
    ui["links"][0][2] = 3
    with pytest.raises(ConversionError, match="output number 3, but it has 1"):
        convert_workflow(ui, INVENTORY)
