"""What a test wants of its server: from its marker, the command line and the ini file, in this order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Wanted", "wanted_by"]

SCOPES = ("test", "module", "session")
POLICIES = ("block", "loopback", "allow")
UNMATCHED = ("strict", "nearest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A server: what it serves and how. ``scope`` says who shares it."""

    cassettes: tuple[str, ...]
    scenario: str = ""
    speed: str = "instant"
    unmatched: str = "strict"
    faults: tuple[str, ...] = ()
    require_key: bool = False
    scope: str = "test"
    network: str = "block"
    misses: str = "fail"


CHOICES = {"scope": SCOPES, "network": POLICIES, "unmatched": UNMATCHED, "misses": ("fail", "allow")}


def wanted_by(item: pytest.Item) -> Wanted:
    """The server that a test wants.

    Raises:
        pytest.UsageError: no cassette is named, or a value is none; the message says which are.
    """
    config = item.config
    marker = item.get_closest_marker("comfytape")
    folder = Path(config.rootpath, str(config.getoption("comfytape_cassettes") or config.getini("comfytape_cassettes")))
    wanted = Wanted(
        cassettes=(),
        scenario=str(config.getoption("comfytape_scenario") or ""),
        speed=str(config.getoption("comfytape_speed") or config.getini("comfytape_speed")),
        unmatched=str(config.getoption("comfytape_unmatched") or config.getini("comfytape_unmatched")),
        network=str(config.getoption("comfytape_network") or config.getini("comfytape_network")),
    )
    names = marker.args if marker else ()
    if marker:
        wanted = with_marker(wanted, marker.kwargs, item)
    if not names:
        names = tuple(str(config.getini("comfytape_default") or "").split())
    if not names:
        raise pytest.UsageError(
            f"{item.nodeid} names no cassette: mark it with @pytest.mark.comfytape('NAME'), or set comfytape_default "
            f"in the ini file; cassettes are looked for in {folder}"
        )
    for field, choices in CHOICES.items():
        value = getattr(wanted, field)
        if value not in choices:
            raise pytest.UsageError(f"comfytape: {field}={value!r}; expected one of {', '.join(choices)}")
    return replace(wanted, cassettes=tuple(place_of(str(name), folder, item) for name in names))


def with_marker(wanted: Wanted, named: Mapping[str, Any], item: pytest.Item) -> Wanted:
    """The settings with those of a marker over them."""
    known = set(Wanted.__slots__) - {"cassettes"}
    strange = set(named) - known
    if strange:
        raise pytest.UsageError(
            f"{item.nodeid}: @pytest.mark.comfytape does not take {', '.join(sorted(strange))}; it takes "
            f"{', '.join(sorted(known))}"
        )
    values: dict[str, Any] = {
        key: value if isinstance(value, bool | tuple) else str(value) for key, value in named.items()
    }
    if isinstance(named.get("scenario"), list | tuple):
        values["scenario"] = ",".join(map(str, named["scenario"]))
    if isinstance(named.get("faults"), str | list):
        values["faults"] = (named["faults"],) if isinstance(named["faults"], str) else tuple(named["faults"])
    return replace(wanted, **values)


def place_of(name: str, folder: Path, item: pytest.Item) -> str:
    """Where a cassette is: a URL, a path beside the test or below the root, or a name in the folder of cassettes."""
    if "://" in name:
        return name
    for place in (folder / name, item.path.parent / name, Path(item.config.rootpath, name)):
        if (place / "cassette.json").is_file():
            return str(place)
    return str(folder / name)
