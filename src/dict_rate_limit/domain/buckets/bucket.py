"""One token bucket as DICT reports it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Final

from dict_rate_limit.domain.errors import InvalidValueError

# A policy name is part of URLs and of globs, so it has no separators and no wildcards.
POLICY_NAME = re.compile(r"[A-Z0-9_]{1,100}", re.ASCII)

SMALLEST: Final = -(2**31)
LARGEST: Final = 2**31 - 1
"""The Bridge's int32 and PostgreSQL's INTEGER. A number out of range must not lose the whole reading."""


# Cached: every bucket of every reading asks, for few names.
@lru_cache(maxsize=256)
def is_policy_name(text: str) -> bool:
    """Return whether the whole text is the name of a policy."""
    return POLICY_NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPolicy:
    """DICT's `Policy` as a source returned it, unchecked.

    Wire form, rows and parameters are derived from these fields. A new one goes to the end, with a default: stored
    readings do not have it. `policy_category` is the text the Bridge repeats on the policy, "" when it sent none.
    """

    name: str
    available_tokens: int
    capacity: int
    refill_tokens: int
    refill_period_sec: int
    policy_category: str = ""


POLICY_FIELDS: Final = tuple(field.name for field in fields(RawPolicy))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket(RawPolicy):
    """A policy whose fields are valid.

    `available_tokens` may be negative (admission asks only that the bucket is not empty) or above `capacity`
    (just after a downgrade). `capacity`, `refill_tokens` and `refill_period_sec` may be 0: then nothing can be
    derived from them.

    Raises:
        InvalidValueError: a name that no policy has, a number out of range.
    """

    def __post_init__(self) -> None:
        if not is_policy_name(self.name):
            message = f"name: {self.name[:120]!r}, expected 1 to 100 of A-Z, 0-9 and _"
            raise InvalidValueError(message)
        for field in ("capacity", "refill_tokens", "refill_period_sec"):
            value: int = getattr(self, field)
            if not 0 <= value <= LARGEST:
                message = f"{field}: {value}, expected 0 to {LARGEST}"
                raise InvalidValueError(message)
        if not SMALLEST <= self.available_tokens <= LARGEST:
            message = f"available_tokens: {self.available_tokens}, expected {SMALLEST} to {LARGEST}"
            raise InvalidValueError(message)

    @property
    def exhausted(self) -> bool:
        """Whether no token is left. A bucket without capacity is unknown, not exhausted."""
        return self.capacity > 0 and self.available_tokens <= 0

    @property
    def shown_tokens(self) -> int:
        """Available tokens limited to 0 … capacity, for display only."""
        return max(0, min(self.available_tokens, self.capacity))

    @property
    def utilization_basis_points(self) -> int | None:
        """Used share of the capacity in basis points, 0 … 10,000, rounded half up; None without capacity."""
        if self.capacity == 0:
            return None
        used = self.capacity - self.shown_tokens
        # Half up in integers: floats would round 0.5 to even.
        return (used * 20_000 + self.capacity) // (2 * self.capacity)

    @property
    def utilization_pct(self) -> float | None:
        """Used share of the capacity in percent, two decimals; None without capacity."""
        basis_points = self.utilization_basis_points
        return None if basis_points is None else basis_points / 100

    @property
    def limits(self) -> tuple[int, int, int]:
        """Capacity, refill tokens and refill period: what BACEN may change at any time."""
        return self.capacity, self.refill_tokens, self.refill_period_sec
