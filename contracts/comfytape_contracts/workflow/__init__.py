"""A workflow as data: reading it out of its envelopes, its nodes and links, and where each stands in the text."""

from comfytape_contracts.workflow.envelope import Unwrapped, WorkflowFormat, format_of, unwrap
from comfytape_contracts.workflow.graph import Link, Node, Workflow, is_link, link_of
from comfytape_contracts.workflow.positions import Positions

__all__ = [
    "Link",
    "Node",
    "Positions",
    "Unwrapped",
    "Workflow",
    "WorkflowFormat",
    "format_of",
    "is_link",
    "link_of",
    "unwrap",
]
