"""Load from many processes: a Locust user that submits a contract's workflow and keeps every exchange. Extra ``load``.

A locustfile is three lines::

    from comfytape.load import ContractUser

    class Noise(ContractUser):
        contract = "noise-1024"

``locust`` replaces the standard library's sockets and threads when it is imported, so it is imported when
``ContractUser`` is first used and never by anything else of comfytape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_cassettes import UsageError

if TYPE_CHECKING:
    from comfytape.load.user import ContractUser

__all__ = ["ContractUser"]


def __getattr__(name: str) -> Any:
    """``ContractUser``, with Locust.

    Raises:
        UsageError: the extra ``load`` is not installed.
    """
    if name != "ContractUser":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from comfytape.load.user import ContractUser  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name != "locust":
            raise
        raise UsageError(
            "load tests need locust, which is not installed", hint="pip install 'comfytape[load]'"
        ) from error
    return ContractUser
