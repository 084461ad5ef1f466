"""Completion of names: an argument or option called contract or cassette completes to those that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from comfytape_cassettes.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["complete_names"]

KINDS = {
    "contract": ("contracts",),
    "contracts": ("contracts",),
    "cassette": ("cassettes",),
    "cassettes": ("cassettes",),
    "before": ("cassettes",),
    "after": ("cassettes",),
    "inventory": ("cassettes",),
}
"""By the name of the parameter: the folders, as the settings call them, whose names it takes."""
FILES = {"contracts": "contract.yaml", "cassettes": "cassette.json"}


class NameType(click.types.StringParamType):
    """Text that names a contract or a cassette, or is a path."""

    def __init__(self, folders: Sequence[str]) -> None:
        self.folders = folders

    def shell_complete(self, _ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names that begin so; paths, where none does. Settings that cannot be read complete to paths."""
        from comfytape.settings import load_settings, names_in  # noqa: PLC0415 - only completion pays for it

        try:
            settings = load_settings()
        except UsageError:
            return [CompletionItem(incomplete, type="file")]
        known = [name for kind in self.folders for name in names_in(getattr(settings, kind), FILES[kind])]
        found = [CompletionItem(name) for name in known if name.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]


def complete_names(command: click.Command) -> None:
    """Give a command's parameters the type that completes, by their names. Other types are left as they are."""
    for parameter in command.params:
        if parameter.name in KINDS and type(parameter.type) is click.types.StringParamType:
            parameter.type = NameType(KINDS[parameter.name])
