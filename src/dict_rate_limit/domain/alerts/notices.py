"""Changes between two readings that are no fault: category, limits, the set of policies."""

from __future__ import annotations

from collections.abc import Iterator

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Kind
from dict_rate_limit.domain.alerts.state import ParticipantState
from dict_rate_limit.domain.alerts.transition import AlertContext, Change, Subject, noticed
from dict_rate_limit.domain.buckets.bucket import Bucket, is_policy_name
from dict_rate_limit.domain.buckets.reading import Snapshot


def vanished_names(state: ParticipantState, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the names of known policies that this reading does not have, sorted."""
    # An item without a readable name may be any of the missing policies, so none of them counts as vanished.
    if any(not is_policy_name(item.name) for item in snapshot.rejected):
        return ()
    there = {bucket.name for bucket in snapshot.buckets} | {item.name for item in snapshot.rejected}
    return tuple(sorted(state.buckets.keys() - there))


def notices(state: ParticipantState, snapshot: Snapshot, vanished: tuple[str, ...]) -> list[Change]:
    """Return a notice for every change since the reading before; none for the first reading of a participant.

    A policy with `enabled = false` has no notices.
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
