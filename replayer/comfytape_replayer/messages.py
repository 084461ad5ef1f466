"""What a ComfyUI says on its websocket about one prompt, out of the prompt's history (execution.py, 0.3.30 to 0.10.0).

History keeps when the execution started and ended and what was cached; in between, each node that ran gets an equal
share of the time. Progress within a node and previews are in no recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_replayer.execution import order_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ENDINGS", "Message", "messages_of"]

ENDINGS = frozenset({"execution_success", "execution_error", "execution_interrupted"})


@dataclass(frozen=True, slots=True)
class Message:
    """One message and when it is due, in milliseconds since the submission."""

    at_ms: float
    kind: str
    data: Mapping[str, Any]


def messages_of(entry: Mapping[str, Any], prompt_id: str, asked_ms: float, seen_ms: float) -> list[Message]:
    """The messages from ``execution_start`` to the one that ends the execution, in order.

    Args:
        entry: the prompt's history.
        prompt_id: the id that it has here.
        asked_ms: when the history was still empty, in milliseconds since the submission.
        seen_ms: when it was filled.
    """
    said = dict(recorded(entry))
    prompt = entry.get("prompt")
    _, _, graph, extra, outputs = prompt if isinstance(prompt, list) and len(prompt) >= 5 else (0, "", {}, {}, [])
    start_ms, end_ms = span(said, extra, asked_ms, seen_ms)
    start = said.get("execution_start", {"prompt_id": prompt_id})
    cached = said.get("execution_cached", {"nodes": [], "prompt_id": prompt_id})
    ending = next((kind for kind in said if kind in ENDINGS), "")
    if not ending:  # an older server's history may have no messages
        ending, said["execution_success"] = "execution_success", {"prompt_id": prompt_id}
    ran = order_of(graph, outputs, cached.get("nodes", ()))
    if ending != "execution_success":
        done = set(said[ending].get("executed") or ())
        ran = [node for node in ran if node in done] + [str(said[ending].get("node_id"))]
    messages = [Message(start_ms, "execution_start", start), Message(start_ms, "execution_cached", cached)]
    shown = {str(node): output for node, output in (entry.get("outputs") or {}).items()}
    kept = [node for node in shown if node not in ran]
    messages += [Message(start_ms, "executed", executed(entry, node, prompt_id)) for node in kept]
    share = (end_ms - start_ms) / max(len(ran), 1)
    for number, node in enumerate(ran):
        began, named = start_ms + number * share, {"node": node, "display_node": display(entry, node)}
        messages.append(Message(began, "executing", {**named, "prompt_id": prompt_id}))
        if node in shown:
            messages.append(Message(began + share, "executed", executed(entry, node, prompt_id)))
    return [*messages, Message(end_ms, ending, said[ending])]


def recorded(entry: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Kind and data of each message that history kept."""
    status = entry.get("status")
    listed = status.get("messages") if isinstance(status, dict) else None
    for message in listed or ():
        if isinstance(message, list) and len(message) == 2 and isinstance(message[1], dict):
            yield str(message[0]), dict(message[1])


def span(said: Mapping[str, Mapping[str, Any]], extra: Any, asked_ms: float, seen_ms: float) -> tuple[float, float]:
    """When the execution started and ended, since the submission; ``create_time`` is in history from 0.3.69 on."""
    stamps = [data["timestamp"] for data in said.values() if isinstance(data.get("timestamp"), int | float)]
    created = extra.get("create_time") if isinstance(extra, dict) else None
    if not stamps:
        return 0.0, seen_ms
    took = float(max(stamps) - min(stamps))
    start = float(min(stamps) - created) if isinstance(created, int | float) else asked_ms - took
    return max(start, 0.0), max(start, 0.0) + took


def executed(entry: Mapping[str, Any], node: str, prompt_id: str) -> dict[str, Any]:
    """The message about what a node has to show."""
    output = entry["outputs"][node]
    return {"node": node, "display_node": display(entry, node), "output": output, "prompt_id": prompt_id}


def display(entry: Mapping[str, Any], node: str) -> str:
    """The node that stands for this one in the editor: another where the node was expanded out of it."""
    about = (entry.get("meta") or {}).get(node)
    return str(about.get("display_node", node)) if isinstance(about, dict) else node
