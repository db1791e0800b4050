"""Work as it was told, for whoever wants to look at it afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class RecordedWork:
    """Attempts as (activity, seconds, failed), cycles as (seconds, good), in order."""

    attempts: list[tuple[str, float, bool]] = field(default_factory=list)
    cycles: list[tuple[float, bool]] = field(default_factory=list)

    def attempted(self, activity: str, seconds: float, *, failed: bool) -> None:
        """Remember an attempt."""
        self.attempts.append((activity, seconds, failed))

    def cycle_ended(self, seconds: float, *, good: bool) -> None:
        """Remember a cycle."""
        self.cycles.append((seconds, good))
