"""``comfytape init``: draft a contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from comfytape.ci.workflows import PROVIDERS, write_workflows
from comfytape.cli.output import console
from comfytape.settings import Settings, find_cassette, load_settings
from comfytape_cassettes import Cassette, UsageError
from comfytape_contracts.contract import Contract
from comfytape_contracts.contract.draft import draft_contract
from comfytape_contracts.contract.pinning import REGISTRY_FILE, draft_registry
from comfytape_contracts.convert import convert_workflow
from comfytape_contracts.tape import Tape
from comfytape_contracts.workflow import WorkflowFormat, format_of, unwrap

__all__ = ["command"]

HINT = "for example: comfytape init my-workflow --workflow exported-api.json, or: comfytape init --ci github"


@click.command("init", short_help="Draft a contract from a workflow.")
@click.argument("name", required=False)
@click.option("--workflow", type=click.Path(path_type=Path), metavar="FILE", help="Workflow in API format.")
@click.option("--from", "cassette", metavar="CASSETTE", help="Add what a recording shows, each line with its evidence.")
@click.option("--ci", type=click.Choice(PROVIDERS), help="Write workflows for continuous integration.")
@click.option("--force", is_flag=True, help="With --ci: overwrite workflows that you changed.")
def command(name: str | None, workflow: Path | None, cassette: str | None, ci: str | None, force: bool) -> None:
    """Draft contracts/NAME/contract.yaml. A drafted expectation only advises until you make it a promise.

    --ci github writes .github/workflows/comfytape-check.yml, -record.yml and -gate.yml instead, or as well.

    \b
    comfytape init my-workflow --workflow exported-api.json
    comfytape init my-workflow --workflow exported-api.json --from cassettes/my-workflow
    comfytape init --ci github
    """  # noqa: D301
    if name is None or workflow is None:
        if not ci or name or workflow:
            raise UsageError("a draft needs a NAME and --workflow FILE", hint=HINT)
        write_ci(force=force)
        return
    if ci:
        write_ci(force=force)
    draft(name, workflow, cassette)


def write_ci(*, force: bool) -> None:
    """Write the workflows and say which."""
    written = write_workflows(Path(), force=force)
    out = console()
    for path in written:
        out.print(f"[bold green]written[/] {path.as_posix()}")
    if not written:
        out.print("the workflows are there already, as this version writes them")


def draft(name: str, workflow: Path, cassette: str | None) -> None:
    """Draft one contract, and say what comes next."""
    settings = load_settings()
    folder = settings.contracts / name
    if (folder / "contract.yaml").exists():
        raise UsageError(f"{folder / 'contract.yaml'} exists already", hint="choose another name, or edit the contract")
    tape = Tape(Cassette.open(find_cassette(cassette, settings))) if cassette else None
    graph = api_workflow(workflow, tape)
    text = draft_contract(name, "workflow.json", graph, tape)
    pinned = draft_registry(tape) if tape else ""
    write(folder, text, graph, pinned)
    out = console()
    beside = f", {folder / REGISTRY_FILE}" if pinned else ""
    out.print(f"[bold green]drafted[/] {folder / 'contract.yaml'} and {folder / 'workflow.json'}{beside}")
    out.print(f"      [cyan]→[/] read it, then: comfytape {'check' if cassette else 'record'} {name}", markup=True)
    explain_folder(out, settings)


def explain_folder(out: Any, settings: Settings) -> None:
    """Say where contracts are looked for, where that is not the default."""
    if settings.contracts != Path("contracts"):
        out.print(f"[dim]contracts are in {settings.contracts} (settings)[/]")


def api_workflow(path: Path, tape: Tape | None) -> dict[str, Any]:
    """The workflow in API format, out of its envelope; a UI export is converted where an inventory is at hand.

    Raises:
        UsageError: it is no workflow, or a UI export without ``--from``.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read as JSON: {error}") from error
    graph = unwrap(document).graph
    if format_of(graph) is WorkflowFormat.UI:
        if tape is None or tape.inventory is None:
            raise UsageError(
                f"{path} is a workflow saved from ComfyUI's editor, not in API format",
                hint="export it with 'Export (API)', or add --from CASSETTE (its inventory converts it)",
            )
        graph = convert_workflow(graph, tape.inventory)
    if format_of(graph) is not WorkflowFormat.API:
        raise UsageError(
            f"{path} is not a workflow: expected an object of nodes with class_type and inputs",
            hint="export it from ComfyUI with 'Export (API)'",
        )
    checked: dict[str, Any] = graph
    return checked


def write(folder: Path, text: str, graph: dict[str, Any], pinned: str) -> None:
    """Write the draft, with the versions that were seen, and read it back as any contract is read."""
    folder.mkdir(parents=True, exist_ok=True)
    if pinned:
        (folder / REGISTRY_FILE).write_text(pinned, encoding="utf-8")
    (folder / "workflow.json").write_text(json.dumps(graph, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "contract.yaml").write_text(text, encoding="utf-8")
    Contract.load(folder)
