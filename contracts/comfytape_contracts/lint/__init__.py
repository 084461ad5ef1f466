"""Say what a real ComfyUI would say to a workflow, from its inventory alone."""

from comfytape_contracts.lint.behaviour import Behaviour
from comfytape_contracts.lint.linter import lint_request, lint_workflow

__all__ = ["Behaviour", "lint_request", "lint_workflow"]
