"""One change for every rule of change records: real classes of ComfyUI 0.10.0, edited.

Each entry edits a copy of the inventory; the test then holds that the rule fires, and, with the two sides swapped, its mirror.
"""

import copy

PACK = "custom_nodes.RES4LYF"


def spec(inventory, class_type, name, group="required"):
    return inventory[class_type]["input"][group][name]


def options(inventory):
    return spec(inventory, "ImageScale", "upscale_method")[0]


def put(target, key, value):
    target[key] = value


def retype(inventory, class_type, name, kind):
    spec(inventory, class_type, name)[0] = kind


def rename_key(mapping, old, new):
    mapping[new] = mapping.pop(old)


def move_group(inventory, class_type, name, old, new):
    groups = inventory[class_type]["input"]
    groups.setdefault(new, {})[name] = groups[old].pop(name)


def lose_pack(inventory):
    for name in [name for name, raw in inventory.items() if raw["python_module"] == PACK]:
        del inventory[name]


def rename_pack(inventory):
    for raw in inventory.values():
        if raw["python_module"] == PACK:
            raw["python_module"] = f"{PACK}-main"


def rename_categories(inventory):
    for raw in inventory.values():
        if raw["python_module"] == PACK:
            raw["category"] = raw["category"].replace("RES4LYF", "RES4LYF2")


def rename_class(inventory):
    inventory["ImageScaleTo"] = inventory.pop("ImageScale") | {"name": "ImageScaleTo"}


def scale_input(inventory):
    return inventory["ImageScale"]["input"]["required"]


def reorder(inventory):
    inventory["ImageScale"]["input_order"]["required"].reverse()


def template(inventory):
    return spec(inventory, "BatchImagesNode", "images")[1]["template"]


def to_v3(inventory):
    kinds = options(inventory)
    spec(inventory, "ImageScale", "upscale_method")[:] = ["COMBO", {"options": kinds, "multiselect": False}]


def models(inventory):
    return spec(inventory, "CheckpointLoaderSimple", "ckpt_name")[0]


def outputs(inventory, **values):
    inventory["GetImageSize"].update(values)


CHANGES = {
    "pack-removed": lose_pack,
    "pack-renamed": rename_pack,
    "class-removed": lambda inv: inv.pop("ImageScale"),
    "class-renamed": rename_class,
    "class-provider-changed": lambda inv: put(inv["ImageScale"], "python_module", "custom_nodes.Fork"),
    "class-deprecated": lambda inv: put(inv["ImageScale"], "deprecated", True),
    "class-experimental": lambda inv: put(inv["ImageScale"], "experimental", True),
    "class-paid": lambda inv: put(inv["ImageScale"], "api_node", True),
    "class-text-changed": lambda inv: put(inv["ImageScale"], "description", "scales"),
    "class-texts-renamed": rename_categories,
    "class-attribute-changed": lambda inv: put(inv["ImageScale"], "price_badge", {"engine": "jsonata"}),
    "required-input-added": lambda inv: put(scale_input(inv), "steps", ["INT", {"default": 1}]),
    "required-input-removed": lambda inv: scale_input(inv).pop("crop"),
    "optional-input-added": lambda inv: put(inv["ImageScale"]["input"], "optional", {"mask": ["MASK"]}),
    "input-renamed": lambda inv: rename_key(scale_input(inv), "crop", "cropping"),
    "input-now-optional": lambda inv: move_group(inv, "ImageScale", "crop", "required", "optional"),
    "input-type-widened": lambda inv: retype(inv, "ImageScale", "image", "IMAGE,MASK"),
    "input-type-changed": lambda inv: retype(inv, "ImageScale", "width", "FLOAT"),
    "minimum-raised": lambda inv: put(spec(inv, "ImageScale", "width")[1], "min", 16),
    "maximum-lowered": lambda inv: put(spec(inv, "ImageScale", "width")[1], "max", 4096),
    "autogrow-minimum-raised": lambda inv: put(template(inv), "min", 3),
    "autogrow-maximum-lowered": lambda inv: put(template(inv), "max", 9),
    "default-changed": lambda inv: put(spec(inv, "ImageScale", "width")[1], "default", 1024),
    "hidden-input-added": lambda inv: put(inv["ImageScale"]["input"], "hidden", {"prompt": "PROMPT"}),
    "input-order-changed": reorder,
    "input-widget-changed": lambda inv: put(spec(inv, "ImageScale", "width")[1], "step", 16),
    "input-text-changed": lambda inv: put(spec(inv, "ImageScale", "width")[1], "tooltip", "in pixels"),
    "option-removed": lambda inv: options(inv).remove("area"),
    "option-order-changed": lambda inv: options(inv).reverse(),
    "combo-form-v3": to_v3,
    "combo-takes-several": lambda inv: put(spec(inv, "ImageStitch", "direction")[1], "multiselect", True),
    "model-option-removed": lambda inv: models(inv).pop(),
    "output-removed": lambda inv: outputs(inv, output=["INT"], output_name=["width"], output_is_list=[False]),
    "output-moved": lambda inv: outputs(inv, output_name=["height", "width", "batch_size"]),
    "output-retyped": lambda inv: outputs(inv, output=["FLOAT", "INT", "INT"]),
    "output-options-changed": lambda inv: outputs(inv, output=[["a", "b"], "INT", "INT"]),
    "output-renamed": lambda inv: outputs(inv, output_name=["width", "height", "images"]),
    "output-now-list": lambda inv: outputs(inv, output_is_list=[True, False, False]),
    "output-node-lost": lambda inv: put(inv["SaveImage"], "output_node", False),
}


def before_of(rule, inventory):
    """The inventory before: for a list of options as an output there must be another list."""
    before = copy.deepcopy(inventory)
    if rule == "output-options-changed":
        outputs(before, output=[["a"], "INT", "INT"])
    return before
