"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Everything that makes a run long. Times are seconds."""

    days: int
    rounds: int
    queries: int
    pairs: int
    slot: float
    cycles: int
    participants: int
    large_cycles: int
    starts: int
    transitions: int

    @property
    def short(self) -> bool:
        """Tell whether the figures are a smoke test only."""
        return self is SHORT


FULL = Scale(
    days=395,
    rounds=7,
    queries=200,
    pairs=7,
    slot=2.0,
    cycles=60,
    participants=1000,
    large_cycles=3,
    starts=3,
    transitions=5_800,
)
SHORT = Scale(
    days=10,
    rounds=2,
    queries=50,
    pairs=1,
    slot=1.0,
    cycles=10,
    participants=100,
    large_cycles=1,
    starts=1,
    transitions=1_160,
)
