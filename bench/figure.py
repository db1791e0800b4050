"""What a measurement gives: figures, each with what it is to be held against, taken in the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A limit of the design. `at_least` turns it round."""

    limit: float
    at_least: bool = False

    def met_by(self, value: float) -> bool:
        """Tell whether the value keeps it."""
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Something measured beside the figure: what the machine gives at this very moment."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value. `note` says what it is made of; a bar of None means that nothing is promised."""

    group: str
    name: str
    value: float
    unit: str
    target: Target | None = None
    comparisons: tuple[Comparison, ...] = ()
    note: str = ""

    @property
    def missed(self) -> bool:
        """Tell whether a promise is not kept."""
        return self.target is not None and not self.target.met_by(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasured:
    """A figure that could not be taken. `broken` tells a fault from a missing tool."""

    group: str
    name: str
    reason: str
    broken: bool = False


Result = Figure | NotMeasured
