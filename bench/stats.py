"""Quantiles."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MS_PER_SEC = 1000.0


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of all values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def median_quantile(rounds: Sequence[Sequence[float]], share: float) -> float:
    """Return the median of the quantiles of the rounds, so that a noisy moment affects one round only."""
    return median(quantile(values, share) for values in rounds)
