"""Lines of nodes and inputs in a workflow file."""

import json

from hypothesis import given
from hypothesis import strategies as st

from comfytape_contracts.workflow import Positions

TEXT = """{
  "3": {
    "class_type": "KSampler",
    "inputs": {
      "steps": 20,
      "model": ["4",
         0],
      "a \\"quoted\\" {name}": 1
    }
  },
  "4": {"class_type": "X",
        "inputs": {}}
}"""


def test_an_input_has_its_line():
    """Counted from 1."""
    positions = Positions.of(TEXT)
    assert positions.line("3", "inputs", "steps") == 5
    assert positions.line("3", "inputs", 'a "quoted" {name}') == 8
    assert positions.line("4") == 11


def test_what_is_absent_has_the_line_of_what_is_around_it():
    """A missing input points at the node's inputs."""
    positions = Positions.of(TEXT)
    assert positions.line("3", "inputs", "cfg") == 4
    assert positions.line("3", None, "steps") == 2
    assert positions.line("9") is None


def test_objects_inside_lists_have_no_path():
    """Their keys are not taken for keys of the object around the list."""
    positions = Positions.of('{"nodes": [\n{"id":\n 3}], "id": 1}')
    assert positions.line("id") == 3


def test_a_text_that_is_no_json_gives_what_it_can():
    """Unbalanced, cut off, odd escapes: no error."""
    assert Positions.of(']}{"a":\n{"\\ud800" : 1').line("a") == 1
    assert Positions.of('"\\x": 1').line("x") is None


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), st.integers())))
def test_every_key_is_found_where_it_stands(document):
    """Against a line by line reading of pretty JSON."""
    text = json.dumps(document, indent=1)
    positions = Positions.of(text)
    lines = text.split("\n")
    for key in document:
        number = positions.line(key)
        assert number is not None
        assert json.dumps(key) in lines[number - 1]
