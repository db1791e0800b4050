"""The published policies and categories, for expected values only: DICT's response decides.

Source: DICT OpenAPI 2.12.1 and Manual Operacional 8.0, chapters 13 and 19. DICT may add other policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

_MINUTE: Final = 60
_DAY: Final = 86_400

ANTISCAN: Final = "ENTRIES_READ_PARTICIPANT_ANTISCAN"
POLICIES_LIST: Final = "POLICIES_LIST"
"""Its tokens pay for reading all buckets."""
POLICIES_READ: Final = "POLICIES_READ"
"""Its tokens pay for reading one bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedLimits:
    """The size of a bucket and its refill every `refill_period_sec`."""

    capacity: int
    refill_tokens: int
    refill_period_sec: int


def _per_minute(rate: int, capacity: int) -> PublishedLimits:
    return PublishedLimits(capacity=capacity, refill_tokens=rate, refill_period_sec=_MINUTE)


CATEGORY_LIMITS: Final[Mapping[str, PublishedLimits]] = MappingProxyType(
    {
        "A": _per_minute(25_000, 50_000),
        "B": _per_minute(20_000, 40_000),
        "C": _per_minute(15_000, 30_000),
        "D": _per_minute(8_000, 16_000),
        "E": _per_minute(2_500, 5_000),
        "F": _per_minute(250, 500),
        "G": _per_minute(25, 250),
        "H": _per_minute(2, 50),
    }
)
"""Limits of the policies that follow the participant's category."""

BY_CATEGORY: Final = (ANTISCAN, "ENTRIES_STATISTICS_READ")
"""Policies whose limits follow the participant's category."""

FIXED_LIMITS: Final[Mapping[str, PublishedLimits]] = MappingProxyType(
    {
        "ENTRIES_WRITE": _per_minute(1_200, 36_000),
        "ENTRIES_UPDATE": _per_minute(600, 600),
        "CLAIMS_READ": _per_minute(600, 18_000),
        "CLAIMS_WRITE": _per_minute(1_200, 36_000),
        "CLAIMS_LIST_WITH_ROLE": _per_minute(40, 200),
        "CLAIMS_LIST_WITHOUT_ROLE": _per_minute(10, 50),
        "SYNC_VERIFICATIONS_WRITE": _per_minute(10, 50),
        "CIDS_FILES_WRITE": PublishedLimits(capacity=200, refill_tokens=40, refill_period_sec=_DAY),
        "CIDS_FILES_READ": _per_minute(10, 50),
        "CIDS_EVENTS_LIST": _per_minute(20, 100),
        "CIDS_ENTRIES_READ": _per_minute(1_200, 36_000),
        "INFRACTION_REPORTS_READ": _per_minute(600, 18_000),
        "INFRACTION_REPORTS_WRITE": _per_minute(1_200, 36_000),
        "INFRACTION_REPORTS_LIST_WITH_ROLE": _per_minute(40, 200),
        "INFRACTION_REPORTS_LIST_WITHOUT_ROLE": _per_minute(10, 50),
        "KEYS_CHECK": _per_minute(70, 70),
        "REFUNDS_READ": _per_minute(1_200, 36_000),
        "REFUNDS_WRITE": _per_minute(2_400, 72_000),
        "REFUND_LIST_WITH_ROLE": _per_minute(40, 200),
        "REFUND_LIST_WITHOUT_ROLE": _per_minute(10, 50),
        "FRAUD_MARKERS_READ": _per_minute(600, 18_000),
        "FRAUD_MARKERS_WRITE": _per_minute(1_200, 36_000),
        "FRAUD_MARKERS_LIST": _per_minute(600, 18_000),
        "PERSONS_STATISTICS_READ": _per_minute(12_000, 36_000),
        "EVENT_LIST": _per_minute(40, 200),
        POLICIES_READ: _per_minute(60, 200),
        POLICIES_LIST: _per_minute(6, 20),
    }
)
"""Limits of the policies that are the same for every participant."""

LIST_TOKEN_PERIOD: Final = timedelta(
    seconds=FIXED_LIMITS[POLICIES_LIST].refill_period_sec / FIXED_LIMITS[POLICIES_LIST].refill_tokens
)
"""POLICIES_LIST regains one token in this time: reading the list more often empties the bucket."""

PSP_POLICIES: Final = (*BY_CATEGORY, *FIXED_LIMITS)
"""The policies of a participant. Those of its end users (USER scope) cannot be read."""


def published_limits(policy_name: str, category: str) -> PublishedLimits | None:
    """Return the published limits of a policy in this category; None without any."""
    if policy_name in BY_CATEGORY:
        return CATEGORY_LIMITS.get(category)
    return FIXED_LIMITS.get(policy_name)
