"""What clients vary without wanting another picture compared, unless the contract says that it counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NOISE", "Noise"]

SEED = re.compile(r"(?:^|_)seed(?:$|_)|^control_after_generate$")
"""Names of inputs that are seeds: ``seed``, ``noise_seed``, ``noise_seed_sde`` and so on, and the editor's dice."""

PREFIX = "filename_prefix"
"""SaveImage's input, and that of the other nodes that save (ComfyUI nodes.py)."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Which differences do not matter; a contract's ``matching: {exact: […]}`` sets some to False."""

    seeds: bool = True
    filename_prefixes: bool = True
    titles: bool = True
    node_ids: bool = True

    @classmethod
    def but(cls, exact: Iterable[str]) -> Noise:
        """Noise less what counts: names of fields of this class, as a contract lists them."""
        return cls(**dict.fromkeys(exact, False))

    def covers(self, name: str, value: Any) -> bool:
        """Whether an input is noise. A seed that comes over a link is part of the graph, not noise."""
        return names_noise(self, name) and not isinstance(value, list)


@lru_cache(maxsize=4096)
def names_noise(noise: Noise, name: str) -> bool:
    """Whether inputs of this name are noise."""
    return (noise.filename_prefixes and name == PREFIX) or (noise.seeds and SEED.search(name) is not None)


NOISE = Noise()
"""What is noise where no contract says otherwise."""
