"""Dynamic inputs: which inputs a V3 node has depends on what it is given."""

import pytest

from comfytape_contracts.inventory import Inventory, live_inputs, unmade_choices

V3 = {"output_tooltips": None, "deprecated": False, "experimental": False, "api_node": False}
RESIZE = {
    "resize_type": [
        "COMFY_DYNAMICCOMBO_V3",
        {
            "options": [
                {"key": "by factor", "inputs": {"required": {"factor": ["FLOAT", {"min": 0.01}]}}},
                {"key": "none", "inputs": {"required": {}}},
            ]
        },
    ]
}


def grow(category="required", least=2, **template):
    inner = {"required": {}, "optional": {}}
    inner[category] = {"image": ["IMAGE", {}]}
    return {"images": ["COMFY_AUTOGROW_V3", {"template": {"input": inner, "min": least, **template}}]}


def class_with(inputs, **more):
    found = Inventory({"X": {**V3, "input": {"required": inputs}, **more}}).get("X")
    assert found is not None
    return found


def categories(specs):
    return {name: spec.category for name, spec in specs.items()}


def test_a_choice_brings_its_inputs_under_dotted_names():
    """The chosen option's inputs, and no other's."""
    given = {"resize_type": "by factor"}
    assert categories(live_inputs(class_with(RESIZE), given)) == {
        "resize_type": "required",
        "resize_type.factor": "required",
    }
    assert categories(live_inputs(class_with(RESIZE), {"resize_type": "none"})) == {"resize_type": "required"}


@pytest.mark.parametrize("given", [{}, {"resize_type": "by facto"}, {"resize_type": ["1", 0]}])
def test_a_choice_that_is_not_made_vanishes(given):
    """The server then asks for nothing, and the run fails: that is told apart."""
    assert live_inputs(class_with(RESIZE), given) == {}
    assert [spec.name for spec in unmade_choices(class_with(RESIZE), given)] == ["resize_type"]


def test_choices_inside_choices_are_looked_at():
    """By their full name."""
    outer = {"a": ["COMFY_DYNAMICCOMBO_V3", {"options": [{"key": "x", "inputs": {"required": RESIZE}}]}]}
    assert [spec.name for spec in unmade_choices(class_with(outer), {"a": "x"})] == ["a.resize_type"]
    assert unmade_choices(class_with(outer), {"a": "x", "a.resize_type": "none"}) == []


def test_sockets_that_grow_are_required_up_to_the_minimum():
    """And optional up to the maximum, by prefix or by names."""
    by_prefix = live_inputs(class_with(grow(prefix="image", max=3)), {})
    assert categories(by_prefix) == {
        "images.image0": "required",
        "images.image1": "required",
        "images.image2": "optional",
    }
    by_name = live_inputs(class_with(grow(names=["left", "right"], least=1)), {})
    assert categories(by_name) == {"images.left": "required", "images.right": "optional"}


def test_an_optional_template_asks_for_nothing():
    """Whatever its minimum."""
    specs = live_inputs(class_with(grow("optional", prefix="image", max=2)), {})
    assert set(categories(specs).values()) == {"optional"}


def test_before_0_10_only_what_was_given_was_known():
    """And an optional template made the server's own check raise."""
    node_class = class_with(
        {
            "images": [
                "COMFY_AUTOGROW_V3",
                {"template": {"input": {"required": {"i": ["IMAGE", {}]}}, "prefix": "image", "min": 2, "max": 3}},
            ]
        }
    )
    assert categories(live_inputs(node_class, {"images.image2": 1}, autogrow_required=False)) == {
        "images.image2": "optional"
    }
    with pytest.raises(IndexError):
        live_inputs(class_with(grow("optional", prefix="image", max=2)), {}, autogrow_required=False)


def test_a_slot_brings_its_inputs_when_it_is_used():
    """And takes part itself under its own odd type."""
    slot = {"s": ["COMFY_DYNAMICSLOT_V3", {"slotType": "IMAGE", "inputs": {"required": {"n": ["INT", {}]}}}]}
    assert set(live_inputs(class_with(slot), {"s": ["1", 0]})) == {"s", "s.n"}
    assert live_inputs(class_with(slot), {}) == {}


def test_a_template_without_an_input_is_an_error_of_the_description():
    """The server raises on it too."""
    with pytest.raises(KeyError):
        live_inputs(
            class_with({"i": ["COMFY_AUTOGROW_V3", {"template": {"input": {}, "min": 1, "prefix": "x", "max": 2}}]}), {}
        )


def test_old_classes_have_what_they_declare():
    """V1 classes know nothing of all this."""
    old = Inventory({"X": {"input": {"required": {"a": ["INT"]}, "optional": {"a": ["FLOAT"], "b": ["INT"]}}}}).get("X")
    assert old is not None
    assert categories(live_inputs(old, {})) == {"a": "required", "b": "optional"}
    assert unmade_choices(old, {}) == []
