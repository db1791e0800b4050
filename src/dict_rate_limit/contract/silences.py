"""The JSON of silences and maintenance windows. Fields are added, never renamed or removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, time
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from dict_rate_limit.contract.fields import Duration, Glob, Moment, Reason, WallClock, document, end_time
from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.notifications import silence as domain
from dict_rate_limit.domain.notifications.silence import Purpose, Weekday


class Recurrence(msgspec.Struct, frozen=True, kw_only=True):
    """Wall-clock hours (HH:MM) and the days on which they start."""

    days: tuple[Weekday, ...]
    start: str
    end: str
    time_zone: str


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """One silence or maintenance window. `active`: it suppresses notifications now."""

    silence_id: UUID
    purpose: Purpose
    policy: str
    kind: str
    severity: str
    participant: str
    starts_at: datetime
    ends_at: datetime
    recurrence: Recurrence | None
    reason: str
    actor: str
    created_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    active: bool


class SilenceList(msgspec.Struct, frozen=True, kw_only=True):
    """Silences. `total` counts the silences in this response."""

    silences: tuple[Silence, ...]
    total: int


class NewRecurrence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Wall-clock hours on some days. `end` is on the next day when it is not after `start`."""

    days: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1, max_length=7)]
    start: WallClock
    end: WallClock
    time_zone: Annotated[str, msgspec.Meta(description="IANA name.", examples=["America/Sao_Paulo"])]

    def to_domain(self) -> domain.Recurrence:
        """Return the recurrence.

        Raises:
            InvalidValueError: a repeated day, an unknown time zone.
        """
        try:
            return domain.Recurrence(
                days=self.days,
                start=time.fromisoformat(self.start),
                end=time.fromisoformat(self.end),
                time_zone=self.time_zone,
            )
        except InvalidValueError as error:
            message = f"recurrence.{error}"
            raise InvalidValueError(message) from error


class NewSilence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Silence the alerts that match all globs, until a time or for a duration from its start: one of the two."""

    reason: Reason
    purpose: Purpose = Purpose.SILENCE
    policy: Glob = "*"
    kind: Glob = "*"
    severity: Glob = "*"
    participant: Glob = "*"
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    duration: Duration | None = msgspec.field(default=None, name="for")
    recurrence: NewRecurrence | None = None

    def matchers(self) -> domain.Matchers:
        """Return the matchers.

        Raises:
            InvalidValueError: an invalid glob.
        """
        return domain.Matchers(policy=self.policy, kind=self.kind, severity=self.severity, participant=self.participant)

    def end(self, now: datetime) -> datetime:
        """Return the end of the silence.

        Raises:
            InvalidValueError: none or both of `ends_at` and `for`, or an invalid duration.
        """
        return end_time("ends_at", self.ends_at, self.duration, self.starts_at or now, domain.LONGEST)


class EndOfSilence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """End a silence now."""

    reason: Reason


def silence_document(silence: domain.Silence, now: datetime) -> Silence:
    """Return the document of a silence as of `now`."""
    hours = silence.recurrence
    recurrence = (
        None if hours is None else document(Recurrence, hours, start=f"{hours.start:%H:%M}", end=f"{hours.end:%H:%M}")
    )
    matchers = asdict(silence.matchers)
    return document(Silence, silence, **matchers, recurrence=recurrence, active=silence.active_at(now))


def silence_documents(silences: Sequence[domain.Silence], now: datetime) -> tuple[Silence, ...]:
    """Return the documents of silences as of `now`."""
    return tuple(silence_document(one, now) for one in silences)


SILENCE_BODY: Final[dict[str, Any]] = {
    "purpose": "MAINTENANCE",
    "policy": "CLAIMS_*",
    "severity": "WARNING",
    "ends_at": "2026-12-31T23:59:59Z",
    "recurrence": {
        "days": ["MON", "TUE", "WED", "THU", "FRI"],
        "start": "22:00",
        "end": "02:00",
        "time_zone": "America/Sao_Paulo",
    },
    "reason": "Nightly reconciliation of claims",
}
END_BODY: Final[dict[str, Any]] = {"reason": "Reconciliation is done"}
SILENCE: Final[dict[str, Any]] = {
    "silence_id": "3b1a5f0e-2c7d-4a52-8f5d-6f1e2d3c4b5a",
    "purpose": "MAINTENANCE",
    "policy": "CLAIMS_*",
    "kind": "*",
    "severity": "WARNING",
    "participant": "*",
    "starts_at": "2026-11-23T12:00:00Z",
    "ends_at": "2026-12-31T23:59:59Z",
    "recurrence": SILENCE_BODY["recurrence"],
    "reason": "Nightly reconciliation of claims",
    "actor": "ana",
    "created_at": "2026-11-23T12:00:00Z",
    "ended_at": None,
    "ended_by": None,
    "active": False,
}
ENDED_SILENCE: Final[dict[str, Any]] = {**SILENCE, "ended_at": "2026-11-24T09:00:00Z", "ended_by": "rui"}
SILENCE_LIST: Final[dict[str, Any]] = {"silences": [SILENCE], "total": 1}
