"""How single values are restored and written. Small graphs, so that one thing is seen at a time."""

import pytest

from comfytape_contracts.convert import ConversionError, convert_workflow
from comfytape_contracts.convert.javascript import UNDEFINED, as_json, fixed, rounded, to_number, to_text
from comfytape_contracts.convert.text import first_choice
from comfytape_contracts.convert.widget import FileCell, NumberRange


def node(identity, kind, **more):
    return {"id": identity, "type": kind, "mode": 0, **more}


def inputs_of(kind, spec, values, **more):
    """The inputs in the prompt of one node of a class with these required inputs and these saved values."""
    inventory = {kind: {"input": {"required": spec}, "output": []}}
    return convert_workflow({"nodes": [node(1, kind, widgets_values=values, **more)]}, inventory)["1"]["inputs"]


def test_a_seed_takes_two_values_of_the_file():
    """The second says what happens to it after each run, and is not sent."""
    spec = {"seed": ["INT", {}], "steps": ["INT", {}]}
    assert inputs_of("A", spec, [7, "randomize", 20]) == {"seed": 7, "steps": 20}


def test_a_controlled_combo_takes_three_values():
    """The choice, the control and the filter."""
    spec = {"name": [["a", "b"], {"control_after_generate": True}], "last": ["INT", {}]}
    assert inputs_of("A", spec, ["b", "fixed", "", 3]) == {"name": "b", "last": 3}


def test_a_controlled_float_takes_two_values():
    """As a seed does."""
    spec = {"cfg": ["FLOAT", {"control_after_generate": True}], "last": ["INT", {}]}
    assert inputs_of("A", spec, [1.5, "fixed", 3]) == {"cfg": 1.5, "last": 3}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (["INT", {"default": 5}], 5),
        (["INT"], 0),
        (["FLOAT", {"default": 1.0}], 1),
        (["STRING", {}], ""),
        (["STRING", {"multiline": True, "default": "x"}], "x"),
        (["BOOLEAN", {"default": True}], True),
        ([["a", "b"]], "a"),
        (["COMBO", {"options": ["a", "b"], "default": "b"}], "b"),
        (["COMBO", {"remote": {"route": "/x", "refresh_button": True}}], "Loading..."),
        (["COMBO", {"multi_select": True, "control_after_generate": True}], {"__value__": []}),
        (["COLOR", {}], "#000000"),
        (["CURVE", {}], {"__type__": "CURVE", "__value__": 1}),
        (
            ["BOUNDING_BOX", {"default": {"x": 1, "y": 2, "width": 3, "height": 4}}],
            {"x": 1, "y": 2, "width": 3, "height": 4},
        ),
        (["COLORS", {"default": ["#fff"]}], {"__value__": ["#fff"]}),
    ],
)
def test_what_the_file_does_not_say_comes_from_the_class(spec, expected):
    """Defaults, as the frontend's widgets have them."""
    got = inputs_of("A", {"x": spec}, [])["x"]
    if spec[0] == "CURVE":
        assert got == {"points": [[0, 0], [1, 1]], "interpolation": "monotone_cubic"}
    else:
        assert got == expected
        assert type(got) is type(expected)


def test_an_empty_combo_without_a_value_is_left_out():
    """JavaScript's undefined is no JSON."""
    assert inputs_of("A", {"x": [[]]}, []) == {}


def test_values_saved_by_name_are_restored_by_name():
    """VideoHelperSuite saves an object."""
    assert inputs_of("A", {"x": ["INT"], "y": ["INT"]}, {"y": 4, "z": 5}) == {"x": 0, "y": 4}


def test_placeholders_for_sockets_of_old_files_are_skipped():
    """Old frontends saved a value for inputs with forceInput, too."""
    spec = {"x": ["INT", {"forceInput": True}], "y": ["INT"]}
    assert inputs_of("A", spec, [None, 4]) == {"y": 4}


def test_an_optional_default_input_has_no_widget():
    """``defaultInput`` on an optional input means the same as ``forceInput``."""
    info = {"input": {"optional": {"x": ["INT", {"defaultInput": True}], "y": ["INT"]}}}
    ui = {"nodes": [node(1, "A", widgets_values=[4])]}
    assert convert_workflow(ui, {"A": info})["1"]["inputs"] == {"y": 4}


def test_text_areas_hold_text_with_line_feeds():
    """As an HTML text area does."""
    spec = {"a": ["STRING", {"multiline": True}], "b": ["STRING", {"multiline": True}], "c": ["STRING"]}
    assert inputs_of("A", spec, ["x\r\ny\rz", None, 5]) == {"a": "x\ny\nz", "b": "", "c": 5}


def test_lists_are_wrapped():
    """Or the server would take a value for a link."""
    assert inputs_of("A", {"x": ["STRING"]}, [["7", 0]]) == {"x": {"__value__": ["7", 0]}}


def test_old_sampler_names_are_repaired():
    """``sample_euler`` was once written."""
    assert inputs_of("KSampler", {"sampler_name": [["euler"]]}, ["sample_euler"]) == {"sampler_name": "euler"}


def test_a_file_name_may_quote_another_widget():
    """``%title.widget%`` and ``%Class.widget%``; characters that no path may hold become ``_``."""
    inventory = {
        "SaveImage": {"input": {"required": {"filename_prefix": ["STRING"]}}},
        "A": {"input": {"required": {"x": ["STRING"]}}},
    }
    prefix = "%A.x%-%Mine.x%-%A.nope%-%Nobody.x%-%date:yyyy%-%a.b.c%"
    ui = {
        "nodes": [
            node(1, "SaveImage", widgets_values=[prefix]),
            node(2, "A", widgets_values=["p/q"], title="Mine"),
        ]
    }
    got = convert_workflow(ui, inventory)["1"]["inputs"]["filename_prefix"]
    assert got == "p_q-p_q-%A.nope%-%Nobody.x%-%date:yyyy%-%a.b.c%"


def test_uploads_say_their_folder():
    """``image_folder`` other than input is written behind the name; the upload button takes a value."""
    spec = {"image": [["a.png"], {"image_upload": True, "image_folder": "output"}], "n": ["INT"]}
    assert inputs_of("A", spec, ["b.png", 3, "image"]) == {"image": "b.png [output]", "n": 3}
    cell = FileCell("a.png", folder="output", batch=True)
    cell.write([{"filename": "c.png", "subfolder": "d", "type": "temp"}, "e.png [input]", 5])
    assert cell.read() == ["d/c.png [output]", "e.png [input]", 5]
    cell.write(None)
    assert cell.read() == "a.png"
    one = FileCell(UNDEFINED, folder="input", batch=False)
    one.write([])
    assert one.read() == "undefined"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {b|c} d", "a b d"),
        ("{{x|y}z|w}", "xz"),
        (r"\{a|b\}", "{a|b}"),
        ("keep // gone", "keep "),
        ("a /* b */ c", "a  c"),
        ("{open|", "open"),
        ("tail\\", "tail\\undefined"),
        (r"{a\|b|c}", "a|b"),
        ("{a", "a"),
    ],
)
def test_choices_become_the_first_one(text, expected):
    """And comments go, as in the frontend."""
    assert first_choice(text) == expected


def test_choices_nested_beyond_reason_are_refused():
    """A text of ten thousand braces is no prompt."""
    spec = {"text": ["STRING", {"multiline": True, "dynamicPrompts": True}]}
    with pytest.raises(ConversionError, match="nest more than 100 deep"):
        inputs_of("A", spec, ["{" * 10_000])
    assert inputs_of("A", spec, ["{a|b}"]) == {"text": "a"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (18446744073709551615, 18446744073709552000),
        (1.0, 1),
        (-0.0, 0),
        (1e21, 1e21),
        (float("nan"), None),
        (10**400, None),
        ({"a": (1.0, [2.0])}, {"a": [1, [2]]}),
        (UNDEFINED, None),
        ({1}, "{1}"),
    ],
)
def test_numbers_are_written_as_javascript_writes_them(value, expected):
    """One double, shortest digits."""
    assert as_json(value) == expected
    assert type(as_json(value)) is type(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (1e-7, "1e-7"),
        (0.00001, "0.00001"),
        (1.5e300, "1.5e+300"),
        (2.5, "2.5"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (float("nan"), "NaN"),
        ([1, [None, [], "x"]], "1,,,x"),
        ({}, "[object Object]"),
        (UNDEFINED, "undefined"),
    ],
)
def test_texts_of_values_are_javascript_s(value, expected):
    """String(value)."""
    assert to_text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", 0.0), (" 12 ", 12.0), ("1e3", 1000.0), (None, 0.0), (True, 1.0), ([5], 5.0), (10**400, float("inf"))],
)
def test_numbers_of_values_are_javascript_s(value, expected):
    """Number(value)."""
    assert to_number(value) == expected


def test_what_is_no_number_stays_none():
    """Number("abc") and Number({}) are NaN."""
    assert str(to_number("abc")) == str(to_number({})) == str(rounded(float("nan"))) == "nan"
    assert fixed(float("inf"), 2) == float("inf")
    assert repr(UNDEFINED) == "UNDEFINED"


def test_numbers_snap_to_their_step():
    """Halves go up; the step counts from the lowest value."""
    assert NumberRange(1, 100, 4, whole=True).snap(6) == 5
    assert NumberRange(0, 100, 1, whole=True).snap(-0.5) == 0
    assert NumberRange(0, 1, 0.1, whole=False, digits=1, grain=0.1).snap(0.26) == 0.3
    assert NumberRange(0, 1, 0.1, whole=False).snap("x") == "x"
    assert str(NumberRange(0, 9, 2, whole=True).snap("x")) == "nan"
    assert NumberRange(0, 9, 1, whole=True).clamp(12) == 9
