"""The 29 policies of one participant in category C, with the published limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.catalog import PSP_POLICIES, published_limits
from dict_rate_limit.domain.buckets.reading import Snapshot

if TYPE_CHECKING:
    from datetime import datetime

    from dict_rate_limit.domain.buckets.catalog import PublishedLimits

CATEGORY = "C"


def limits() -> dict[str, PublishedLimits]:
    """Return the limits of every policy by name."""
    found = ((name, published_limits(name, CATEGORY)) for name in PSP_POLICIES)
    return {name: limit for name, limit in found if limit is not None}


def snapshot(participant: str, at: datetime, share: float) -> Snapshot:
    """Return a reading in which every bucket has this share of its capacity."""
    buckets = tuple(
        Bucket(
            name=name,
            available_tokens=round(limit.capacity * share),
            capacity=limit.capacity,
            refill_tokens=limit.refill_tokens,
            refill_period_sec=limit.refill_period_sec,
            policy_category=CATEGORY,
        )
        for name, limit in limits().items()
    )
    return Snapshot(
        participant=participant,
        source="bench",
        response_time=at,
        received_at=at,
        category=CATEGORY,
        correlation_id=None,
        buckets=buckets,
    )
