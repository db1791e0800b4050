"""Results of a measurement: figures, each with its target and with comparisons of the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A limit that the design promises: a maximum, or with `at_least` a minimum."""

    limit: float
    at_least: bool = False

    def met_by(self, value: float) -> bool:
        """Return whether the value is within the limit."""
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A value measured in the same run, to compare the figure with."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value. `note` explains it. Without a `target` nothing is promised."""

    group: str
    name: str
    value: float
    unit: str
    target: Target | None = None
    comparisons: tuple[Comparison, ...] = ()
    note: str = ""

    @property
    def missed(self) -> bool:
        """Whether the value misses its target."""
        return self.target is not None and not self.target.met_by(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasured:
    """A group without a figure. `broken` is True for a failure, False for a missing tool."""

    group: str
    name: str
    reason: str
    broken: bool = False


Result = Figure | NotMeasured
