"""What changed between two readings without being a fault: category, limits, the set of policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Kind
from dict_rate_limit.domain.alerts.transition import AlertContext, Change, Subject, noticed
from dict_rate_limit.domain.buckets.bucket import is_policy_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dict_rate_limit.domain.alerts.state import ParticipantState
    from dict_rate_limit.domain.buckets.bucket import Bucket
    from dict_rate_limit.domain.buckets.reading import Snapshot


def vanished_names(state: ParticipantState, snapshot: Snapshot) -> tuple[str, ...]:
    """Name the known policies that are gone, sorted.

    A policy that is there but unreadable is not gone; while an item has no readable name, nobody can say who is.
    """
    if any(not is_policy_name(item.name) for item in snapshot.rejected):
        return ()
    there = {bucket.name for bucket in snapshot.buckets} | {item.name for item in snapshot.rejected}
    return tuple(sorted(state.buckets.keys() - there))


def notices(state: ParticipantState, snapshot: Snapshot, vanished: tuple[str, ...]) -> list[Change]:
    """Tell of every change since the reading before; nothing for a participant's first.

    A policy with `enabled = false` raises none of its own.
    """
    if state.checked_at is None:
        return []
    found = [*_category(state, snapshot), *_policies(state, snapshot, vanished)]
    return [noticed(subject, context, snapshot.received_at) for subject, context in found]


_Notice = tuple[Subject, AlertContext]


def _category(state: ParticipantState, snapshot: Snapshot) -> Iterator[_Notice]:
    before, after = state.category.strip(), snapshot.category.strip()
    if before and after and before.upper() != after.upper():
        context = AlertContext(category=snapshot.category, previous=before, current=after)
        yield _subject(state, ANY_POLICY, Kind.CATEGORY_CHANGED), context


def _policies(state: ParticipantState, snapshot: Snapshot, vanished: tuple[str, ...]) -> Iterator[_Notice]:
    silent = {name for name, rule in state.policy_overrides.items() if not rule.enabled}
    for bucket in sorted(snapshot.buckets, key=lambda b: b.name):
        before = state.buckets.get(bucket.name)
        if bucket.name in silent or (before is not None and before.limits == bucket.limits):
            continue
        kind = Kind.POLICY_APPEARED if before is None else Kind.LIMITS_CHANGED
        context = AlertContext(
            category=snapshot.category,
            bucket=bucket,
            previous=None if before is None else limits_text(before),
            current=limits_text(bucket),
        )
        yield _subject(state, bucket.name, kind), context
    for name in vanished:
        if name not in silent:
            context = AlertContext(category=snapshot.category, previous=limits_text(state.buckets[name]))
            yield _subject(state, name, Kind.POLICY_VANISHED), context


def limits_text(bucket: Bucket) -> str:
    """Write a bucket's limits as in "36000 +1200/60s": capacity, refill, period."""
    return f"{bucket.capacity} +{bucket.refill_tokens}/{bucket.refill_period_sec}s"


def _subject(state: ParticipantState, policy_name: str, kind: Kind) -> Subject:
    return Subject(participant=state.participant, policy_name=policy_name, kind=kind)
