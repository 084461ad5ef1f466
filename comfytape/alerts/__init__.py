"""Alerts: who is told, once, that something is new, worse or resolved."""

from __future__ import annotations

from comfytape.alerts.round import Round

__all__ = ["Round"]
