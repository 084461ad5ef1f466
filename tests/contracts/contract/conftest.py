"""Contracts as files, from the shipped one or from any text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comfytape_cassettes import UsageError
from comfytape_contracts.contract import Contract

if TYPE_CHECKING:
    from collections.abc import Callable

SHIPPED = Path(__file__).parents[3] / "contracts"


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[str | bytes], str]:
    """The words with which a contract of that text is refused, its path shortened to ``contract.yaml``."""

    def refuse(text: str | bytes) -> str:
        path = tmp_path / "contract.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(UsageError) as caught:
            Contract.load(path)
        return str(caught.value).replace(f"{tmp_path}/", "")

    return refuse


@pytest.fixture
def shipped() -> Contract:
    """The shipped z-image-danrisi contract."""
    return Contract.load(SHIPPED / "z-image-danrisi")
