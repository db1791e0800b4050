"""Amount of data and of repetitions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Numbers that decide how long a run takes. `load_seconds` is the length of one load run."""

    days: int
    rounds: int
    queries: int
    load_rounds: int
    load_seconds: float
    cycles: int
    participants: int
    large_cycles: int
    starts: int
    transitions: int

    @property
    def short(self) -> bool:
        """Whether this is only a smoke test."""
        return self is SHORT


FULL = Scale(
    days=395,
    rounds=7,
    queries=200,
    load_rounds=7,
    load_seconds=2.0,
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
    load_rounds=1,
    load_seconds=1.0,
    cycles=10,
    participants=100,
    large_cycles=1,
    starts=1,
    transitions=1_160,
)
