"""The doctor's visit: ask, record what is said, and read the recording. Live or on a cassette it is the same code."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from comfytape.settings import find_cassette, find_contract
from comfytape_cassettes import Cassette, UsageError
from comfytape_contracts.contract import Contract
from comfytape_contracts.contract.model import Endpoint
from comfytape_contracts.diagnosis import Evidence, diagnose

if TYPE_CHECKING:
    from comfytape.settings import Settings
    from comfytape_contracts.diagnosis import Diagnosis
    from comfytape_recorder.doctor import Patient

__all__ = ["Visit", "examine"]

RESERVE_S = 0.6
"""Seconds of the deadline for starting, reading the answers and printing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Whom to examine, and how. Options that are "" or None come from the environment.

    ``dependencies``: nodes, models, versions and the volume alone, and no endpoint.
    ``began`` is when the deadline began to run (``time.monotonic``); ``deadline_s`` the seconds for everything.
    """

    contract: str = ""
    endpoint: str = ""
    comfyui: str = ""
    cassette: str = ""
    probe: bool | None = None
    dependencies: bool = False
    keep: Path | None = None
    deadline_s: float = 5.0
    began: float = 0.0


def examine(visit: Visit, settings: Settings) -> Diagnosis:
    """The diagnosis of a recording, or of what is said now.

    Raises:
        UsageError: a name is not there, nobody is named, or options do not go together.
        CassetteError: the cassette is damaged, or ``keep`` cannot be written.
    """
    contract = Contract.load(find_contract(visit.contract, settings)) if visit.contract else None
    if visit.dependencies and contract is None:
        raise UsageError("--dependencies needs a CONTRACT, which says what must be there")
    if not visit.cassette:
        return live(visit, contract, settings)
    live_only = {"--comfyui": visit.comfyui, "--probe/--no-probe": visit.probe is not None, "--keep": visit.keep}
    idle = [name for name, given in live_only.items() if given]
    if idle:
        raise UsageError(f"--cassette reads a recording and asks nobody, so {idle[0]} has no meaning beside it")
    tape = Cassette.open(find_cassette(visit.cassette, settings))
    known = [endpoint.id for endpoint in Evidence(tape).endpoints]
    if visit.endpoint and visit.endpoint not in known:
        raise UsageError(
            f"{tape.label} holds nothing about endpoint '{visit.endpoint}'",
            hint=f"there are: {', '.join(known)}" if known else "it was recorded from a ComfyUI alone",
        )
    return diagnose(
        tape,
        contract=contract,
        endpoint=visit.endpoint,
        label=tape.label,
        provenance=tape.provenance.to_json(),
        dependencies=visit.dependencies,
    )


def live(visit: Visit, contract: Contract | None, settings: Settings) -> Diagnosis:
    """Ask, record what is said, and read the recording."""
    from comfytape_cassettes.recording import Recording  # noqa: PLC0415 - a cassette pays for no network
    from comfytape_cassettes.redaction import Secrets  # noqa: PLC0415
    from comfytape_recorder.doctor import Doctor, probes_unasked  # noqa: PLC0415
    from comfytape_recorder.target import plane_of  # noqa: PLC0415

    patient = patient_for(visit, contract)
    target, place = patient.target, patient.volume
    hidden = (target.key, *settings.secret_values(), *((place.keys.access, place.keys.secret) if place else ()))
    asked = (target.base_url if target.endpoint else "", target.comfyui_url, place.url if place else "")
    with tempfile.TemporaryDirectory(prefix="comfytape-doctor-", ignore_cleanup_errors=True) as folder:
        recording = Recording.start(
            visit.keep or Path(folder) / "doctor",
            plane=plane_of(target),
            secrets=Secrets.of([value for value in hidden if value]),
            source=" and ".join(url for url in asked if url),
            contract=contract.name if contract else "",
        )
        probe = probes_unasked(target) if visit.probe is None else visit.probe
        left = visit.deadline_s - (time.monotonic() - visit.began) - RESERVE_S
        Doctor(patient, recording, max(left, 0.5), probe=probe).ask()
        tape = recording.finish()
        return diagnose(
            tape,
            contract=contract,
            asked=patient.asked(),
            label=tape.label if visit.keep else "",
            provenance=tape.provenance.to_json(),
            dependencies=visit.dependencies,
        )


def patient_for(visit: Visit, contract: Contract | None) -> Patient:
    """Whom the options, the environment and the contract name.

    Raises:
        UsageError: nobody is named; or ``--dependencies`` where neither a ComfyUI nor the volume can be asked.
    """
    from comfytape_recorder.doctor import Patient, patient_of  # noqa: PLC0415 - a cassette pays for no network
    from comfytape_recorder.samples import workflow_of  # noqa: PLC0415
    from comfytape_recorder.target import Target  # noqa: PLC0415
    from comfytape_recorder.volume import place_of  # noqa: PLC0415

    names = contract.model.endpoint if contract else Endpoint()
    volume = contract.model.volume if contract else None
    place, unset = None, None
    if volume is not None:
        try:
            place = place_of(volume, os.environ)
        except UsageError as error:
            # Without keys the volume is unknown, and the finding says so; the rest can be asked all the same.
            unset = error
    if visit.dependencies and not (visit.comfyui or os.environ.get(names.comfyui_env)):
        if place is None:
            raise unset or UsageError(
                f"nobody to ask about dependencies: {names.comfyui_env} is not set, and the contract names no volume",
                hint="a queue endpoint does not show its ComfyUI: name a pod or load balancer of the same image",
            )
        patient = Patient(Target("", "", "", ""), "")
    else:
        patient = patient_of(names, os.environ, endpoint=visit.endpoint, comfyui=visit.comfyui)
    if contract is not None:
        classes = {node["class_type"] for node in workflow_of(contract).values()}
        classes |= {node.class_type for node in contract.model.nodes}
        folders = {file.folder for file in contract.model.models}
        patient = replace(patient.needing(classes, folders), volume=place, whole=bool(contract.model.versions.registry))
    return patient.of_dependencies() if visit.dependencies else patient
