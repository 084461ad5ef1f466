"""Rules about the options of a combo that are no files."""

from __future__ import annotations

from functools import partial

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

_rule = partial(Rule, family="option-drift")

_INPUTS = "ComfyUI execution.py validate_inputs, 0.3.30–0.33.0"
_LINKS = "ComfyUI comfy_execution/validation.py validate_node_input: lists are compared with =="

RULES = (
    _rule(
        id="option-removed",
        title="Options of an input are gone",
        looks_at="the options of a combo, and the choices of a dynamic one",
        direction="removed",
        action="hold the workflow's value, or the list that is linked to it, against what is left",
        severity=Severity.ERROR,
        severity_unused=Severity.INFO,
        why="A value that is not in the list is value_not_in_list, except on V3 nodes before 0.8.0, which take it and fail, "
        "or not, while running. Often it is another pack that went and took its options out of the core's nodes.",
        source=_INPUTS + "; commit 0be8a76c for V3 combos; res_2m of KSampler.sampler_name comes from RES4LYF",
        todo="Choose an option that is still there, or bring back the pack that added it.",
        before="sampler_name: euler, …, res_2m",
        after="sampler_name: euler, …",
        mirror="option-added",
    ),
    _rule(
        id="option-added",
        title="Options of an input are new",
        looks_at="the options of a combo, and the choices of a dynamic one",
        direction="added",
        action="look whether the input is linked to an output that is a list of options itself",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="Values from before are still there. But a combo that is fed by another node's list of options needs that list to "
        "be equal: one option more on one side only is return_type_mismatch.",
        source=_LINKS + "; installing RES4LYF breaks linked schedulers (RES4LYF thread 142, rgthree-comfy thread 598)",
        todo="Nothing for values. Where the combo is linked, update the pack of the node that feeds it.",
        before="scheduler: normal, …",
        after="scheduler: normal, …, beta57",
        mirror="option-removed",
    ),
    _rule(
        id="option-order-changed",
        title="Options are in another order",
        looks_at="the order of the options that both have",
        direction="changed",
        action="look whether the input is linked to an output that is a list of options itself",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="A value does not care. A linked list of options must be equal, its order included.",
        source=_LINKS,
        todo="Nothing for values.",
        before="nearest, bilinear",
        after="bilinear, nearest",
        mirror_waiver="another order has no opposite",
    ),
    _rule(
        id="combo-form-v3",
        title="A combo is written in the V3 form now",
        looks_at='whether a combo is a bare list or ["COMBO", {"options": […]}]',
        direction="changed",
        action="compare the options apart from the form; look whether the input is linked",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="The same options in another notation. Before 0.8.0 a list of options from another node is not taken by a V3 combo, "
        "and a wrong value is not noticed before the node runs.",
        source="ComfyUI comfy_api/latest/_io.py; 58 inputs moved between 0.3.64 and 0.10.0; commit 0be8a76c",
        todo="Nothing for values.",
        before='[["a", "b"], {}]',
        after='["COMBO", {"options": ["a", "b"], "multiselect": false}]',
        mirror="combo-form-v1",
    ),
    _rule(
        id="combo-form-v1",
        title="A combo is written in the V1 form again",
        looks_at='whether a combo is a bare list or ["COMBO", {"options": […]}]',
        direction="changed",
        action="compare the options apart from the form; look whether the input is linked",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="The same options in another notation, as after a downgrade. Now every value is checked, and a link must bring an "
        "equal list.",
        source=_INPUTS,
        todo="Nothing for values that are in the list.",
        before='["COMBO", {"options": ["a", "b"]}]',
        after='[["a", "b"], {}]',
        mirror="combo-form-v3",
    ),
    _rule(
        id="combo-takes-several",
        title="A combo takes several options now",
        looks_at="multiselect of a combo",
        direction="loosened",
        action="compare the flag",
        severity=Severity.WARNING,
        severity_unused=Severity.INFO,
        why="The node now expects a list. A single value passes POST /prompt and arrives as it is.",
        source=_INPUTS + "; multiselect is checked since 0.21.0",
        todo="Run the workflow once; wrap the value as a list if the node complains.",
        before="multiselect false",
        after="multiselect true",
        mirror="combo-takes-one",
    ),
    _rule(
        id="combo-takes-one",
        title="A combo takes only one option now",
        looks_at="multiselect of a combo",
        direction="tightened",
        action="look whether the workflow gives a list",
        severity=Severity.ERROR,
        severity_unused=Severity.INFO,
        why="A list of options as a value is not in the list of options, so it is refused.",
        source=_INPUTS,
        todo="Give one option.",
        before="multiselect true",
        after="multiselect false",
        mirror="combo-takes-several",
    ),
)
