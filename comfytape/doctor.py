"""The doctor's visit: ask, record what is said, and read the recording. Live or on a cassette it is the same code."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
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

__all__ = ["Visit", "examine"]

RESERVE_S = 0.6
"""Seconds of the deadline for starting, reading the answers and printing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Whom to examine, and how. Options that are "" or None come from the environment.

    ``began`` is when the deadline began to run (``time.monotonic``); ``deadline_s`` the seconds for everything.
    """

    contract: str = ""
    endpoint: str = ""
    comfyui: str = ""
    cassette: str = ""
    probe: bool | None = None
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
        tape, contract=contract, endpoint=visit.endpoint, label=tape.label, provenance=tape.provenance.to_json()
    )


def live(visit: Visit, contract: Contract | None, settings: Settings) -> Diagnosis:
    """Ask, record what is said, and read the recording."""
    from comfytape_cassettes.recording import Recording  # noqa: PLC0415 - a cassette pays for no network
    from comfytape_cassettes.redaction import Secrets  # noqa: PLC0415
    from comfytape_recorder.doctor import Doctor, patient_of, probes_unasked  # noqa: PLC0415
    from comfytape_recorder.samples import workflow_of  # noqa: PLC0415
    from comfytape_recorder.target import plane_of  # noqa: PLC0415

    names = contract.model.endpoint if contract else Endpoint()
    patient = patient_of(names, os.environ, endpoint=visit.endpoint, comfyui=visit.comfyui)
    if contract is not None:
        classes = {node["class_type"] for node in workflow_of(contract).values()}
        classes |= {node.class_type for node in contract.model.nodes}
        folders = {file.folder for file in contract.model.models}
        patient = patient.needing(classes, folders)
    target = patient.target
    with tempfile.TemporaryDirectory(prefix="comfytape-doctor-", ignore_cleanup_errors=True) as folder:
        recording = Recording.start(
            visit.keep or Path(folder) / "doctor",
            plane=plane_of(target),
            secrets=Secrets.of([value for value in (target.key, *settings.secret_values()) if value]),
            source=" and ".join(url for url in (target.base_url if target.endpoint else "", target.comfyui_url) if url),
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
        )
