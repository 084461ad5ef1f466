"""The API format as a graph."""

from comfytape_contracts.workflow import Link, Workflow, is_link, link_of

GRAPH = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64}, "_meta": {"title": "Blank"}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "x": ["9", 0]}},
    "3": {"class_type": "Note"},
    "4": "no node",
    "5": {"inputs": {}},
}


def test_what_is_no_node_is_left_out():
    """Linting names it; reading goes on."""
    assert list(Workflow.from_graph(GRAPH).nodes) == ["1", "2", "3"]
    assert Workflow.from_graph(None).nodes == {}


def test_nodes_have_titles_and_links():
    """From _meta, and from two-element lists."""
    nodes = Workflow.from_graph(GRAPH).nodes
    assert nodes["1"].title == "Blank"
    assert dict(nodes["2"].links()) == {"images": Link("1", 0), "x": Link("9", 0)}


def test_classes_are_collected():
    """Each once."""
    assert Workflow.from_graph(GRAPH).classes == {"EmptyImage", "SaveImage", "Note"}


def test_upstream_follows_links_and_survives_circles():
    """Missing nodes are skipped, circles end."""
    circle = {"1": {"class_type": "A", "inputs": {"x": ["2", 0]}}, "2": {"class_type": "A", "inputs": {"x": ["1", 0]}}}
    assert Workflow.from_graph(GRAPH).upstream_of(["2", "77"]) == {"1", "2"}
    assert Workflow.from_graph(circle).upstream_of(["1"]) == {"1", "2"}


def test_a_link_is_what_the_executor_takes_for_one():
    """A text id and a number, exactly two."""
    assert is_link(["1", 0])
    assert is_link(["1", 1.5])
    assert not is_link([1, 0])
    assert not is_link(["1", "0"])
    assert not is_link(["1", 0, 0])
    assert link_of("1") is None
