"""Do recorded answers have the shape that the contract's JSON Schema documents give them?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.errors import UsageError
from comfytape_contracts.checks.jobs import shortened
from comfytape_contracts.outputs import spelled_out
from comfytape_contracts.rules.schema import RESPONSE, UNSEEN
from comfytape_contracts.workflow.file import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.findings import Finding

__all__ = ["check_schemas"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MOST = 50
"""Findings of one schema: an answer of another kind breaks it everywhere."""


def check_schemas(subject: Subject) -> Outcome:
    """A line for every schema of the contract.

    Raises:
        UsageError: a schema is no JSON Schema, or the extra ``schemas`` is not installed.
    """
    outcome = subject.outcome()
    for kind, file in subject.model.schemas.files.items():
        path = subject.contract.beside(file)
        validator = validator_of(path)
        count, findings = violations(subject, kind, validator, path)
        if not count:
            where = subject.in_contract("schemas", kind)
            findings = [UNSEEN.finding(f"no answer of kind {kind} was recorded", location=where, identity={"of": kind})]
        outcome.promise(f"{kind} meets {file}", findings, f"{count} answer(s)" if count else "none recorded")
    return outcome


def validator_of(path: Path) -> Any:
    """A validator for a schema file. References lead to the document itself alone: nothing is fetched.

    Raises:
        UsageError: jsonschema is not installed, or the file holds no schema.
    """
    try:
        from jsonschema import Draft202012Validator  # noqa: PLC0415 - of the extra
        from jsonschema.exceptions import SchemaError  # noqa: PLC0415
        from referencing import Registry  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            f"schemas in a contract need {error.name}, which is not installed",
            hint="pip install 'comfytape[schemas]'",
        ) from error
    try:
        schema = json.loads(read_text(path))
        Draft202012Validator.check_schema(schema)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON: {error}") from error
    except SchemaError as error:
        raise UsageError(f"{path} is not a JSON Schema: {error.json_path}: {shortened(error.message)}") from error
    dialect = schema.get("$schema", DIALECT) if isinstance(schema, dict) else DIALECT
    if str(dialect).rstrip("#") != DIALECT:
        raise UsageError(f"{path} is written for {dialect}", hint=f"expected JSON Schema 2020-12: {DIALECT}")
    return Draft202012Validator(schema, registry=Registry())


def answers(subject: Subject, kind: str) -> Iterator[tuple[str, Any]]:
    """Every recorded answer of a kind, with its name for people."""
    if kind == "output":
        for job in subject.tape.all_jobs:
            if job.last and job.last.status == "COMPLETED" and job.last.output is not None:
                yield f"job {subject.tape.numbers[job.id]} ({job.id[:8]})", spelled_out(job.last.output)
    elif kind == "object_info":
        for route, data in subject.tape.answers(kind):
            yield f"/object_info{'/' + route.argument if route.argument else ''}", data
    else:
        for route, exchange in subject.tape.routed:
            if route.plane == "runpod" and route.name == kind and exchange.response.status == 200:
                try:
                    data = json.loads(exchange.response.content())
                except (ValueError, RecursionError):
                    data = exchange.response.body.text()
                yield f"/{kind}{'/' + route.argument[:8] if route.argument else ''}", data


def violations(subject: Subject, kind: str, validator: Any, path: Path) -> tuple[int, list[Finding]]:
    """How many answers there are, and one finding for each thing that is wrong, however many answers have it."""
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - of the extra

    found: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    count = 0
    try:
        for name, data in answers(subject, kind):
            count += 1
            for error in validator.iter_errors(data):
                general = "".join("[*]" if isinstance(key, int) else f".{key}" for key in error.absolute_path)
                rule = "/".join(map(str, error.absolute_schema_path))
                found.setdefault((general, rule), []).append((name, error.json_path, shortened(error.message)))
    except Unresolvable as error:
        raise UsageError(f"{path} refers to {error.ref!r}, which is not in it: nothing is fetched") from error
    return count, [
        RESPONSE.finding(
            f"{names[0][0]}: {names[0][1]}: {names[0][2]}" + (f" (and {len(names) - 1} more)" if names[1:] else ""),
            location=subject.in_contract("schemas", kind),
            expected=f"{path.name}#/{rule}",
            actual=names[0][1],
            identity={"of": kind, "path": general, "schema": rule},
        )
        for (general, rule), names in list(found.items())[:MOST]
    ]
