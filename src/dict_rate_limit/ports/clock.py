"""The only source of "now" outside workflows."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Return this moment in UTC, with its zone."""

    def monotonic(self) -> float:
        """Return seconds of a clock that never runs backwards."""
