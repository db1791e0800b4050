"""The compact text form of a poll, for Temporal payloads and Redis.

Buckets are arrays, not objects: a group of 50 participants with 29 policies stays far below Temporal's payload limit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final, Never, cast

from dict_rate_limit.domain.buckets.bucket import POLICY_FIELDS, Bucket
from dict_rate_limit.domain.buckets.reading import FailedPoll, Poll, RejectedItem, Snapshot
from dict_rate_limit.domain.errors import InvalidValueError, Outcome

_SNAPSHOT: Final = 1
_FAILED: Final = 2

_BUCKET_ROW: Final = attrgetter(*POLICY_FIELDS)

_BucketRow = Sequence[object]
_RejectedRow = tuple[int, str, str]
_SnapshotRow = tuple[int, str, str, str | None, str, str, str | None, list[_BucketRow], list[_RejectedRow]]
_FailedRow = tuple[int, str, str, str, str, str, int | None, str | None]


def encode_poll(poll: Poll) -> str:
    """Return one line of JSON, positional; `decode_poll` reads it back to an equal value."""
    row: _SnapshotRow | _FailedRow
    if isinstance(poll, Snapshot):
        row = (
            _SNAPSHOT,
            poll.participant,
            poll.source,
            None if poll.response_time is None else poll.response_time.isoformat(),
            poll.received_at.isoformat(),
            poll.category,
            poll.correlation_id,
            [_BUCKET_ROW(bucket) for bucket in poll.buckets],
            [(item.position, item.name, item.reason) for item in poll.rejected],
        )
    else:
        row = (
            _FAILED,
            poll.participant,
            poll.source,
            poll.outcome.value,
            poll.detail,
            poll.received_at.isoformat(),
            poll.retry_after_sec,
            poll.correlation_id,
        )
    return json.dumps(row, separators=(",", ":"))


def decode_poll(text: str | bytes) -> Poll:
    """Read what `encode_poll` wrote.

    Raises:
        InvalidValueError: any other text.
    """
    try:
        row: object = json.loads(text)
        if isinstance(row, list) and row[0] == _SNAPSHOT:
            return _snapshot(cast("_SnapshotRow", row))
        if isinstance(row, list) and row[0] == _FAILED:
            return _failed(cast("_FailedRow", row))
    except (ValueError, TypeError, LookupError) as error:
        message = f"poll: unreadable text of {len(text)} characters, expected encode_poll's form"
        raise InvalidValueError(message) from error
    message = "poll: an unknown form, expected encode_poll's"
    raise InvalidValueError(message)


def _snapshot(row: _SnapshotRow) -> Snapshot:
    _, participant, source, response_time, received_at, category, correlation_id, buckets, rejected = row
    return Snapshot(
        participant=participant,
        source=source,
        response_time=None if response_time is None else datetime.fromisoformat(response_time),
        received_at=datetime.fromisoformat(received_at),
        category=category,
        correlation_id=correlation_id,
        buckets=tuple(_bucket(row) for row in buckets),
        rejected=tuple(RejectedItem(position=p, name=n, reason=r) for p, n, r in rejected),
    )


def _bucket(row: _BucketRow) -> Bucket:
    # An older version's row is shorter, a newer one's longer: missing fields have defaults, the others are dropped.
    fields = dict(zip(POLICY_FIELDS, row, strict=False))
    return Bucket(**cast("dict[str, Never]", fields))


def _failed(row: _FailedRow) -> FailedPoll:
    _, participant, source, outcome, detail, received_at, retry_after_sec, correlation_id = row
    return FailedPoll(
        participant=participant,
        source=source,
        outcome=Outcome(outcome),
        detail=detail,
        received_at=datetime.fromisoformat(received_at),
        retry_after_sec=retry_after_sec,
        correlation_id=correlation_id,
    )
