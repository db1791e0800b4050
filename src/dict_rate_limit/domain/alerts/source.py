"""Conditions of the source itself: no new reading for too long, and our own poll answered 429."""

from __future__ import annotations

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Alert, Kind
from dict_rate_limit.domain.alerts.state import AlertConfig, ParticipantState
from dict_rate_limit.domain.alerts.transition import AlertContext, Change, Subject, opened, resolved
from dict_rate_limit.domain.buckets.reading import Poll, Snapshot
from dict_rate_limit.domain.errors import Outcome


def source_changes(state: ParticipantState, poll: Poll, config: AlertConfig, *, is_new_reading: bool) -> list[Change]:
    """Evaluate both conditions. `current` is the outcome of the poll."""
    changes = []
    limited = _open(state, Kind.RATE_LIMITED)
    if poll.outcome is Outcome.RATE_LIMITED and limited is None:
        changes.append(_opened(state, Kind.RATE_LIMITED, poll))
    # An answer without a new reading shows that DICT accepts our calls. The levels are as unknown as before.
    elif isinstance(poll, Snapshot) and limited is not None:
        changes.append(resolved(limited, _context(poll), poll.received_at))
    unreachable = _open(state, Kind.SOURCE_UNREACHABLE)
    if is_new_reading and unreachable is not None:
        changes.append(resolved(unreachable, _context(poll), poll.received_at))
    elif not is_new_reading and unreachable is None and _has_no_data(state, poll, config):
        changes.append(_opened(state, Kind.SOURCE_UNREACHABLE, poll))
    return changes


def _has_no_data(state: ParticipantState, poll: Poll, config: AlertConfig) -> bool:
    since = state.last_good_at or state.first_polled_at or poll.received_at
    return poll.received_at - since >= config.interval * config.unreachable_after


def _open(state: ParticipantState, kind: Kind) -> Alert | None:
    return next((alert for alert in state.open_alerts if alert.key == (ANY_POLICY, kind)), None)


def _opened(state: ParticipantState, kind: Kind, poll: Poll) -> Change:
    subject = Subject(participant=state.participant, policy_name=ANY_POLICY, kind=kind)
    return opened(subject, kind.info.severity, _context(poll), poll.received_at)


def _context(poll: Poll) -> AlertContext:
    return AlertContext(category=poll.category if isinstance(poll, Snapshot) else "", current=poll.outcome.value)
