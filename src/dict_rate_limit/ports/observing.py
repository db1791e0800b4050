"""Whoever counts what the worker does."""

from __future__ import annotations

from typing import Final, Protocol


class WorkerMetrics(Protocol):
    """Is told of finished work. Never raises, never waits."""

    def attempted(self, activity: str, seconds: float, *, failed: bool) -> None:
        """Take one attempt of an activity; one that was cancelled has failed."""

    def cycle_ended(self, seconds: float, *, good: bool) -> None:
        """Take a monitoring cycle that is published; `good`: there were new readings, and all was told."""


class _Nobody:
    """Counts nothing."""

    def attempted(self, activity: str, seconds: float, *, failed: bool) -> None:
        """Do nothing."""

    def cycle_ended(self, seconds: float, *, good: bool) -> None:
        """Do nothing."""


NULL_METRICS: Final[WorkerMetrics] = _Nobody()
"""For work that is not counted."""
