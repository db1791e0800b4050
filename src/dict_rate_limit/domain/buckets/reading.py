"""The result of one poll of the source: a snapshot or a failure. Both are stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dict_rate_limit.domain.buckets.bucket import POLICY_FIELDS, Bucket, RawPolicy
from dict_rate_limit.domain.errors import InvalidValueError, Outcome
from dict_rate_limit.domain.timestamps import require_timezone

DEFAULT_PARTICIPANT: Final = "default"
"""The participant of an installation that names none. Requests carry no participant metadata; texts do not name it."""

# A wrong year in one response must not hide every later reading, and no real clock drifts by a day.
CLOCK_TOLERANCE: Final = timedelta(hours=24)
"""DICT's time is valid while it differs from ours by no more than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedItem:
    """An invalid policy of a response: `position` counts from 0, `name` is cut at 100 characters."""

    position: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All valid buckets of one participant at one time, and their source.

    `category` is the participant's, raw ("" when absent). `response_time` is DICT's clock, `received_at` ours.
    """

    participant: str
    source: str
    response_time: datetime | None
    received_at: datetime
    category: str
    correlation_id: str | None
    buckets: tuple[Bucket, ...]
    rejected: tuple[RejectedItem, ...] = ()

    def __post_init__(self) -> None:
        require_timezone("response_time", self.response_time)
        require_timezone("received_at", self.received_at)

    @property
    def checked_at(self) -> datetime:
        """The time of these tokens: DICT's clock when present and within a day of ours, else ours."""
        if self.response_time is None or abs(self.response_time - self.received_at) > CLOCK_TOLERANCE:
            return self.received_at
        return self.response_time

    @property
    def outcome(self) -> Outcome:
        """OK with buckets, EMPTY without: an empty answer is no data."""
        return Outcome.OK if self.buckets else Outcome.EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPoll:
    """A poll without a snapshot. `received_at` is when it failed."""

    participant: str
    source: str
    outcome: Outcome
    detail: str
    received_at: datetime
    retry_after_sec: int | None = None
    correlation_id: str | None = None

    def __post_init__(self) -> None:
        require_timezone("received_at", self.received_at)
        if self.outcome in {Outcome.OK, Outcome.EMPTY}:
            message = f"outcome: {self.outcome}, expected a failure"
            raise InvalidValueError(message)


Poll = Snapshot | FailedPoll


def split_valid(items: Iterable[RawPolicy]) -> tuple[tuple[Bucket, ...], tuple[RejectedItem, ...]]:
    """Separate the valid policies of a response from the others: one bad item never discards the good ones.

    Of two items with one name the first is accepted and the second rejected.
    """
    buckets: dict[str, Bucket] = {}
    rejected: list[RejectedItem] = []
    for position, item in enumerate(items):
        name = item.name[:100]
        if item.name in buckets:
            rejected.append(RejectedItem(position=position, name=name, reason="name: seen before in this answer"))
            continue
        try:
            buckets[item.name] = Bucket(**{field: getattr(item, field) for field in POLICY_FIELDS})
        except InvalidValueError as error:
            rejected.append(RejectedItem(position=position, name=name, reason=str(error)))
    return tuple(buckets.values()), tuple(rejected)
