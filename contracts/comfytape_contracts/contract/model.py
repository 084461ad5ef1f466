"""The fields of contract.yaml. An unknown key is an error: a typo must not switch a promise off."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from comfytape_contracts.contract.alerts import Alerts
from comfytape_contracts.contract.cases import Cases
from comfytape_contracts.contract.matching import Matching
from comfytape_contracts.contract.schemas import Schemas
from comfytape_contracts.contract.strict import STRICT, EnvName, EnvNames
from comfytape_contracts.contract.volume import NetworkVolume
from comfytape_contracts.findings import Severity

__all__ = [
    "Budgets",
    "ContractModel",
    "Cost",
    "Endpoint",
    "ModelFile",
    "Outputs",
    "RequiredNode",
    "Samples",
    "Vary",
    "Versions",
]

DAYS = {"d": 1.0, "h": 1 / 24, "w": 7.0}


def days(value: object) -> object:
    """``30d``, ``12h`` or ``2w`` as days."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([dhw])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("expected a duration such as 30d, 12h or 2w")
    return float(found[1]) * DAYS[found[2]]


def specifier(value: str) -> str:
    """A version range as PEP 440 writes it."""
    try:
        SpecifierSet(value)
    except InvalidSpecifier as error:
        raise ValueError("expected a version range such as '>=0.3.74' or '>=0.10,<0.11'") from error
    return value


Days = Annotated[float, BeforeValidator(days)]
VersionRange = Annotated[str, AfterValidator(specifier)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    """Unknown keys are errors; values are what they look like."""

    model_config = STRICT


class Endpoint(Strict):
    """Where the endpoint is: names of environment variables, the first one that is set wins."""

    id_env: EnvNames = ["RUNPOD_ENDPOINT_COMFYUI", "RUNPOD_ENDPOINT_ID"]
    key_env: EnvName = "RUNPOD_API_KEY"
    base_url_env: EnvName = "RUNPOD_ENDPOINT_BASE_URL"
    comfyui_env: EnvName = "COMFYUI_URL"


class RequiredNode(Strict):
    """A node class that must be there, and the pack that must provide it.

    ``pack`` is the folder name under ``custom_nodes``, or a core module such as ``comfy_extras.nodes_custom_sampler``
    or ``nodes``: what ``/object_info`` calls ``python_module``, with or without ``custom_nodes.`` in front.
    """

    class_type: str = Field(alias="class", min_length=1)
    pack: str = Field(default="", description="who must provide it")


class ModelFile(Strict):
    """A model file that must be there, by folder and name as ``/models/{folder}`` lists it."""

    folder: str = Field(min_length=1)
    name: str = Field(min_length=1)
    size: Annotated[int, Field(ge=1)] | None = Field(default=None, description="bytes")
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    baked: bool = Field(default=False, description="in the worker's image, so not looked for on the volume")


class Versions(Strict):
    """Version ranges (PEP 440), and the file with the versions that are pinned elsewhere (``registry.py``)."""

    comfyui: VersionRange | None = None
    registry: str | None = Field(default=None, description="file beside the contract, such as versions.yaml")


class Outputs(Strict):
    """What every successful job must bring."""

    images: Count = 1
    format: Literal["png", "jpeg", "webp", "gif"] | None = None
    width: Count | None = None
    height: Count | None = None
    mode: str | None = Field(default=None, description="Pillow's name, such as RGB, RGBA or I;16")
    bits: Literal[8, 16] | None = Field(default=None, description="bits of a channel in the file")
    blank: bool = Field(default=False, description="True allows an image of one colour")
    animated: bool = Field(default=False, description="True allows more than one frame")
    distinct: bool = Field(default=True, description="samples with different seeds must not give equal images")


class Vary(Strict):
    """One input that differs from sample to sample: ``values`` in turn, or whole numbers counted up from ``start``."""

    node: str
    input: str
    values: Annotated[list[Any], Field(min_length=1)] | None = None
    start: int | None = None

    def value(self, sample: int) -> Any:
        """The value for a sample, counted from 0."""
        return self.values[sample % len(self.values)] if self.values is not None else (self.start or 0) + sample


class Samples(Strict):
    """What the recorder submits."""

    count: Annotated[int, Field(ge=0)] = 10
    timeout_s: Positive = Field(default=900.0, description="seconds after which a job that did not end is cancelled")
    workflow: str | None = Field(default=None, description="file to submit, where it is not the contract's workflow")
    vary: list[Vary] = []


class Cost(Strict):
    """What a second of a worker costs; needed where the recording does not hold RunPod's catalogue.

    ``pool`` is RunPod's GPU pool, such as ``ADA_24``, for the table of list prices that is shipped.
    """

    usd_per_second: Positive | None = None
    pool: str | None = None
    idle_s: Annotated[float, Field(ge=0)] = Field(default=5.0, description="seconds a worker idles before it stops")


class Budgets(Strict):
    """Figures that must be met; what is left out is not checked. Seconds and US dollars."""

    success_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    samples: Count = 1
    cold_start_s: Positive | None = None
    generation_s: Positive | None = None
    health_check_s: Positive | None = Field(default=None, description="seconds until /health has answered")
    dependency_check_s: Positive | None = Field(default=None, description="seconds for nodes, models and volume")
    cost_per_image_usd: Positive | None = None
    cost_bound: Literal["low", "high"] = Field(default="high", description="which bound must be within the budget")


class ContractModel(Strict):
    """contract.yaml, key by key."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    description: str = ""
    owner: str = ""
    workflow: str
    endpoint: Endpoint = Endpoint()
    nodes: list[RequiredNode] = []
    models: list[ModelFile] = []
    versions: Versions = Versions()
    volume: NetworkVolume | None = None
    outputs: Outputs = Outputs()
    samples: Samples = Samples()
    cases: Cases = []
    schemas: Schemas = Schemas()
    suite: str | None = Field(default=None, description="RunPod Hub's tests.json, read as cases")
    budgets: Budgets = Budgets()
    cost: Cost | None = None
    severities: dict[str, Severity] = {}
    advisory: list[Literal["budgets", "models", "nodes", "outputs", "versions", "volume"]] = Field(
        default=[], description="parts whose findings are warnings until the name is deleted here"
    )
    matching: Matching = Matching()
    alerts: Alerts | None = None
    max_age: Days | None = Field(default=None, description="how old a recording may be, such as 30d")
