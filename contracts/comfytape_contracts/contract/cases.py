"""The cases of contract.yaml: jobs with a named outcome, beside the samples."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from comfytape_contracts.contract.strict import STRICT
from comfytape_contracts.expectation import SUCCESS, outcome_named

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EDGES", "RUNS_LIMIT", "Case", "CaseBudgets", "CaseOutputs", "Cases", "Image", "Size"]

RUNS_LIMIT = 100
"""Jobs that one case may submit: a product of lists grows faster than a bill is read."""

Edge = Literal["empty-prompt", "very-long-prompt", "unicode", "minimal-size", "maximal-size"]
EDGES: tuple[Edge, ...] = ("empty-prompt", "very-long-prompt", "unicode", "minimal-size", "maximal-size")
PROMPT_EDGES = frozenset({"empty-prompt", "very-long-prompt", "unicode"})
SIZE_EDGES = frozenset({"minimal-size", "maximal-size"})

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Size = tuple[int, int]
"""Width and height in pixels."""


def size(value: object) -> object:
    """``1024x768`` as width and height."""
    found = re.fullmatch(r"(\d{1,6})\s*x\s*(\d{1,6})", value) if isinstance(value, str) else None
    if found is None or not (int(found[1]) and int(found[2])):
        raise ValueError("expected a size such as 1024x768")
    return int(found[1]), int(found[2])


def textual(value: object) -> object:
    """Node ids are text, though YAML reads ``4:`` as a number."""
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else value


def several(value: object) -> object:
    """One thing stands for a list of one."""
    return value if isinstance(value, list) else [value]


def image(value: object) -> object:
    """A path alone stands for an image that is called like its file."""
    return {"file": value} if isinstance(value, str) else value


def unique(cases: list[Case]) -> list[Case]:
    """Findings and recordings go by name."""
    twice = [name for name, count in Counter(case.name for case in cases).items() if count > 1]
    if twice:
        raise ValueError(f"two cases are called '{twice[0]}'")
    return cases


SizeText = Annotated[Size, BeforeValidator(size)]
Outcome = Annotated[str, AfterValidator(outcome_named)]
ByNode = Annotated[dict[str, dict[str, Any]], BeforeValidator(textual)]
ListsByNode = Annotated[dict[str, dict[str, Annotated[list[Any], Field(min_length=1)]]], BeforeValidator(textual)]


class Image(BaseModel):
    """An input image: a file beside the contract, and the name under which the workflow loads it."""

    model_config = STRICT

    file: str = Field(min_length=1)
    name: str = ""

    @property
    def upload_name(self) -> str:
        """The name that LoadImage asks for."""
        return self.name or self.file.replace("\\", "/").rpartition("/")[2]


class CaseOutputs(BaseModel):
    """What a successful job of this case must bring, where that is not what the contract's ``outputs`` say."""

    model_config = STRICT

    images: Annotated[int, Field(ge=0)] | None = None
    format: Literal["png", "jpeg", "webp", "gif"] | None = None
    width: Annotated[int, Field(ge=1)] | None = None
    height: Annotated[int, Field(ge=1)] | None = None
    mode: str | None = None
    bits: Literal[8, 16] | None = None
    blank: bool | None = None
    animated: bool | None = None
    distinct: bool | None = None


class CaseBudgets(BaseModel):
    """Figures of this case; the contract's own budgets are about its samples."""

    model_config = STRICT

    success_rate: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0, description="share of the runs that must end as expected"
    )
    generation_s: Positive | None = Field(default=None, description="execution time of the slowest run")


class Case(BaseModel):
    """Jobs with one expectation. Lists multiply: two prompts and three seeds are six jobs."""

    model_config = STRICT

    name: str = Field(pattern=r"^\S([^\n\r\t]*\S)?$", max_length=100)
    description: str = ""
    expects: Annotated[list[Outcome], BeforeValidator(several), Field(min_length=1)] = [SUCCESS]
    workflow: str | None = Field(default=None, description="file to submit, where it is not the contract's")
    set: ByNode = Field(default={}, description="inputs by node id, title or class")
    sweep: ListsByNode = Field(default={}, description="inputs with a list of values each")
    prompts: Annotated[list[str], BeforeValidator(several)] = []
    seeds: Annotated[list[int], BeforeValidator(several)] = []
    sizes: Annotated[list[SizeText], BeforeValidator(several)] = []
    edge: Annotated[list[Edge], BeforeValidator(several)] = []
    largest: SizeText = Field(default=(2048, 2048), description="what maximal-size never exceeds")
    images: Annotated[list[Annotated[Image, BeforeValidator(image)]], BeforeValidator(several)] = []
    timeout_s: Positive | None = None
    outputs: CaseOutputs = CaseOutputs()
    budgets: CaseBudgets = CaseBudgets()

    @property
    def axes(self) -> Mapping[str, int]:
        """How many values each thing that varies has."""
        swept = {
            f"{node}.{name}": len(values) for node, inputs in self.sweep.items() for name, values in inputs.items()
        }
        fixed = {name: len(getattr(self, name)) for name in ("prompts", "seeds", "sizes", "edge")}
        return {**{name: count for name, count in fixed.items() if count}, **swept}

    @property
    def runs(self) -> int:
        """How many jobs it submits."""
        count = 1
        for values in self.axes.values():
            count *= values
        return count

    @property
    def changes_input(self) -> bool:
        """Whether it says what to submit, and not only what to expect."""
        return bool(self.workflow or self.set or self.images or self.axes)

    @property
    def changes_size(self) -> bool:
        """Whether the contract's width and height cannot be meant."""
        return bool(self.sizes or SIZE_EDGES.intersection(self.edge))

    @model_validator(mode="after")
    def bounded(self) -> Self:
        """Refuse a product that nobody wanted to pay for, and an edge that would be overwritten."""
        if self.runs > RUNS_LIMIT:
            product = " x ".join(f"{count} {name}" for name, count in self.axes.items())
            raise ValueError(f"{product} are {self.runs} jobs, a case may have at most {RUNS_LIMIT}")
        if self.prompts and PROMPT_EDGES.intersection(self.edge):
            raise ValueError("'prompts' and an edge of the prompt cannot be in one case: make two")
        if self.sizes and SIZE_EDGES.intersection(self.edge):
            raise ValueError("'sizes' and an edge of the size cannot be in one case: make two")
        return self


Cases = Annotated[list[Case], AfterValidator(unique)]
