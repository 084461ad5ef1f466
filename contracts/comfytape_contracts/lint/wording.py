"""Problems put into words: one finding each, which says what, where, expected and got."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_contracts.findings import Finding, Location, Severity
from comfytape_contracts.lint.packs import pack_providing, pack_status
from comfytape_contracts.lint.suggest import nearest, where_else, with_other_separator
from comfytape_contracts.lint.words import listed, shown
from comfytape_contracts.rules import catalogue
from comfytape_contracts.workflow.graph import title_of

if TYPE_CHECKING:
    from comfytape_contracts.inventory import Inventory
    from comfytape_contracts.lint.problem import Problem

__all__ = ["Speaker"]

_LARGEST = 2**200
_LONGEST = 200
"""Bounds of what a finding carries as it is."""

_OPTIONS_KEPT = 50
"""Options that a finding carries for machines; file lists of thousands would drown the report."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Knows the workflow and the inventory, and finds the words."""

    graph: Any
    inventory: Inventory

    def finding(self, problem: Problem, *, severity: Severity | None = None) -> Finding:
        """One finding for one problem; ``severity`` overrides the rule's own."""
        what, hint, expected = _WORDS[problem.rule](self, problem)
        if problem.masked:
            hint = f"{hint} ComfyUI names this only once it gets past the other problems.".strip()
        return catalogue()[problem.rule].finding(
            f"{self._place(problem)}{what}",
            hint=hint,
            severity=severity,
            location=self._location(problem),
            expected=expected,
            actual=_kept(problem.value),
            server_error=problem.server_error,
            identity={"actual": shown(problem.value)},
        )

    def _node(self, problem: Problem) -> Any:
        return self.graph.get(problem.node_id) if isinstance(self.graph, Mapping) else None

    def class_of(self, problem: Problem) -> str | None:
        """The class of the problem's node, or None."""
        node = self._node(problem)
        class_type = node.get("class_type") if isinstance(node, Mapping) else None
        return class_type if isinstance(class_type, str) else None

    def _location(self, problem: Problem) -> Location:
        return Location(node_id=problem.node_id, class_type=self.class_of(problem), input=problem.input)

    def _place(self, problem: Problem) -> str:
        if problem.node_id is None:
            return ""
        title, class_type = title_of(self._node(problem)), self.class_of(problem)
        name = f" ‘{shown(title)[1:-1]}’" if title and title != class_type else ""
        kind = f" ({shown(class_type)[1:-1]})" if class_type else ""
        where = f", {shown(problem.input)[1:-1]}" if problem.input is not None else ""
        return f"node {shown(problem.node_id)[1:-1]}{name}{kind}{where}: "


_Said = tuple[str, str, Any]
"""The sentence, the next thing to do ("" for the rule's own), and what would have been right."""


def _kept(value: Any) -> Any:
    """The value for machines, unless it is so large or deep that it would drown the report or not print at all."""
    if isinstance(value, int) and abs(value) >= _LARGEST:
        return shown(value)
    plain = isinstance(value, str | int | float | bool | None)
    return value if plain and len(str(value)) < _LONGEST else shown(value)


def _not_in_list(speaker: Speaker, problem: Problem) -> _Said:
    choices = (problem.spec.choices if problem.spec else None) or []
    meant = with_other_separator(problem.value, choices) if problem.spec and problem.spec.is_file else None
    meant = meant if meant is not None else nearest(problem.value, choices)
    question = f" Did you mean {shown(meant)}?" if meant is not None else ""
    sentence = f"{shown(problem.value)} is not among the {len(choices)} options: {listed(choices)}.{question}"
    return sentence, _option_hint(speaker, problem, meant), choices[:_OPTIONS_KEPT]


def _option_hint(speaker: Speaker, problem: Problem, meant: Any) -> str:
    pack = pack_providing("options", problem.value)
    if pack and pack not in speaker.inventory.packs:
        return f"{shown(problem.value)} comes with {pack}, which is not loaded on this server."
    return f"Use {shown(meant)}, or another option this server has." if meant is not None else ""


def _no_file(speaker: Speaker, problem: Problem) -> _Said:
    choices = (problem.spec.choices if problem.spec else None) or []
    meant = with_other_separator(problem.value, choices)
    elsewhere = where_else(problem.value, problem.spec, speaker.inventory) if problem.spec else []
    similar = meant if meant is not None else nearest(problem.value, choices)
    question = f" Did you mean {shown(similar)}?" if similar is not None else ""
    sentence = f"the file {shown(problem.value)} is not on this server; there is: {listed(choices, 5)}.{question}"
    hint = ""
    if meant is not None:
        hint = f"Write the path as this server does: {shown(meant)}."
    elif elsewhere:
        hint = f"The file is there for {', '.join(elsewhere[:3])}: move it to this loader's folder, or use that loader."
    return sentence, hint, choices[:_OPTIONS_KEPT]


def _limit(word: str, key: str) -> Callable[[Speaker, Problem], _Said]:
    def said(_speaker: Speaker, problem: Problem) -> _Said:
        bound = problem.spec.options.get(key) if problem.spec else None
        return f"{shown(problem.value)} is {word} of {shown(bound)}.", "", {key: bound}

    return said


def _missing(_speaker: Speaker, problem: Problem) -> _Said:
    spec = problem.spec
    kind = spec.type_name if spec else None
    sentence = f"the required input is missing; it takes {kind}."
    if spec and "default" in spec.options:
        return (
            sentence,
            f"The editor's default is {shown(spec.options['default'])}; the server never fills it in.",
            kind,
        )
    return sentence, "", kind


def _mismatch(_speaker: Speaker, problem: Problem) -> _Said:
    received, wanted = problem.facts["received"], problem.spec.type if problem.spec else None
    source, slot = problem.value
    sentence = (
        f"takes {_type(wanted)}, but output {shown(slot)} of node {shown(source)} ({problem.facts['source_class']}) "
        f"is {_type(received)}."
    )
    if isinstance(received, list) and isinstance(wanted, list):
        return f"{sentence} Lists feed each other only when equal.", _list_difference(received, wanted), _type(wanted)
    return sentence, "", _type(wanted)


def _list_difference(received: list[Any], wanted: list[Any]) -> str:
    more = [option for option in received if option not in wanted]
    less = [option for option in wanted if option not in received]
    parts = [
        f"only the output has {listed(more, 4)}" if more else "",
        f"only the input has {listed(less, 4)}" if less else "",
    ]
    said = "; ".join(part for part in parts if part) or "they hold the same options in another order"
    return f"Of the two lists, {said}: nodes of different packs, or of different versions of one." if said else ""


def _type(kind: Any) -> str:
    return (
        f"one of {listed(kind, 4)}"
        if isinstance(kind, list)
        else shown(kind)[1:-1]
        if isinstance(kind, str)
        else shown(kind)
    )


def _slot(_speaker: Speaker, problem: Problem) -> _Said:
    outputs = problem.facts["outputs"]
    slots = ", ".join(f"{index} {_type(kind)}" for index, kind in enumerate(outputs[:8])) or "none"
    sentence = (
        f"{shown(problem.value[1])} is no output slot of node {shown(problem.value[0])} "
        f"({problem.facts['source_class']}); its slots: {slots}."
    )
    return sentence, "", list(range(len(outputs)))


def _dangling(speaker: Speaker, problem: Problem) -> _Said:
    source = problem.value[0]
    if not isinstance(source, str) and str(source) in speaker.graph:
        return (
            f"links to {shown(source)}, but ids are strings.",
            f'Write ["{source}", {shown(problem.value[1])}].',
            str(source),
        )
    return f"links to node {shown(source)}, which the workflow does not have.", "", None


def _unknown(speaker: Speaker, problem: Problem) -> _Said:
    sentence, hint = pack_status(problem.value, speaker.inventory)
    known = [node_class.name for node_class in speaker.inventory]
    meant = nearest(problem.value, known) if isinstance(problem.value, str) else None
    question = f" Did you mean {shown(meant)}?" if meant is not None and not hint else ""
    return f"the class {shown(problem.value)} is not loaded on this ComfyUI{sentence}.{question}", hint, None


def _undeclared(speaker: Speaker, problem: Problem) -> _Said:
    node_class = speaker.inventory.get(speaker.class_of(problem))
    names = list(node_class.inputs) if node_class else []
    meant = nearest(problem.input, names)
    question = f" Did you mean {shown(meant)}?" if meant is not None else ""
    if problem.rule == "undeclared-value":
        return f"the class has no such input, so {shown(problem.value)} is ignored.{question}", "", names
    if problem.rule == "dangling-undeclared-link":
        return (
            (
                "fails late: the class has no such input and the linked node does not exist, which stops the server's "
                f"worker thread for good.{question}"
            ),
            "",
            names,
        )
    if problem.facts.get("takes_any"):
        return f"the class does not declare this input, but seems to take more of its kind.{question}", "", names
    return f"fails late: the class has no such input, so running the node raises.{question}", "", names


def _choice(_speaker: Speaker, problem: Problem) -> _Said:
    options = problem.spec.options.get("options") if problem.spec else None
    keys = [option.get("key") for option in options or () if isinstance(option, Mapping)]
    got = "is missing" if problem.value is None else f"{shown(problem.value)} is none of its choices"
    meant = nearest(problem.value, keys) if problem.value is not None else None
    question = f" Did you mean {shown(meant)}?" if meant is not None else ""
    return f"fails late: the choice {got}: {listed(keys)}.{question}", "", keys


def _plain(sentence: str) -> Callable[[Speaker, Problem], _Said]:
    """A sentence with ``{value}``, ``{type}`` and ``{facts}`` filled in."""

    def said(_speaker: Speaker, problem: Problem) -> _Said:
        kind = _type(problem.spec.type) if problem.spec else "?"
        return sentence.format(value=shown(problem.value), type=kind, **problem.facts), "", None

    return said


def _unchecked(speaker: Speaker, problem: Problem) -> _Said:
    sentence, hint, expected = _not_in_list(speaker, problem)
    return (
        f"risky: {sentence} This release does not check it; of the nodes tried half fail while running.",
        hint,
        expected,
    )


def _cycle(_speaker: Speaker, problem: Problem) -> _Said:
    path = " → ".join(shown(member)[1:-1] for member in [*problem.facts["members"], problem.facts["members"][0]][-8:])
    said = f"feeds itself: {path}."
    return (said if problem.server_error else f"{said} This release drops what hangs on it without a word."), "", None


def _failed_own(_speaker: Speaker, problem: Problem) -> _Said:
    choices = (problem.spec.choices if problem.spec else None) or []
    return (
        f"the class itself refuses {shown(problem.value)}; the server lists: {listed(choices, 5)}.",
        "",
        choices[:_OPTIONS_KEPT],
    )


_WORDS: Mapping[str, Callable[[Speaker, Problem], _Said]] = {
    "bad-link-slot": _slot,
    "check-fails": _plain("the server's own check fails on {value}."),
    "choice-not-made": _choice,
    "class-replaced": _plain("the class is gone; this release runs {new} in its place."),
    "comfyui-too-old": _plain(
        "risky: {value} is a {family} model, which needs ComfyUI {needs} or newer; this one is older."
    ),
    "dangling-link": _dangling,
    "dangling-undeclared-link": _undeclared,
    "dependency-cycle": _cycle,
    "file-not-available": _no_file,
    "file-not-listed": _plain("{value} may or may not be there: the server does not list such files."),
    "inputs-missing": _plain("has no inputs object."),
    "link-type-mismatch": _mismatch,
    "literal-in-socket": _plain("risky: takes {type} from another node, but is {value}."),
    "malformed-link": _plain("{value} is taken for a link, which needs exactly a node id and a slot."),
    "malformed-node": _plain("is no node: {value}."),
    "missing-class-type": _plain("has no class_type."),
    "missing-required-input": _missing,
    "model-left-out": _plain("risky: left out, though {why}."),
    "no-outputs": _plain("no node of this workflow is an output, so there is nothing to run."),
    "node-not-run": _plain("no output needs it; it is neither checked nor run."),
    "not-a-workflow": _plain("expected an object of nodes, got {value}."),
    "output-dropped": _plain("risky: its branch does not pass, so it is dropped without a word while the rest runs."),
    "own-check-failed": _failed_own,
    "surprising-conversion": _plain("{value} is not {type}; the server converts it."),
    "too-deep": _plain("is fed through more nodes in a row than the server can check."),
    "unchecked-option": _unchecked,
    "undeclared-link": _undeclared,
    "undeclared-value": _undeclared,
    "unknown-class": _unknown,
    "value-above-maximum": _limit("above the maximum", "max"),
    "value-below-minimum": _limit("below the minimum", "min"),
    "value-not-convertible": _plain("{value} cannot be converted to {type}."),
    "value-not-in-list": _not_in_list,
}
