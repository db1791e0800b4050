"""Silences and maintenance windows: which notifications are suppressed, for how long, by which actor and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent
from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.text import GLOB, require_reason
from dict_rate_limit.domain.timestamps import require_timezone

LONGEST: Final = timedelta(days=366)
"""No silence lasts longer: a forgotten one must end by itself."""


class Purpose(StrEnum):
    """Why notifications are suppressed."""

    SILENCE = "SILENCE"  # known, being worked on
    MAINTENANCE = "MAINTENANCE"  # planned work: alerts are expected


class Weekday(StrEnum):
    """Days of a recurrence, Monday first as datetime.weekday counts."""

    MON = "MON"
    TUE = "TUE"
    WED = "WED"
    THU = "THU"
    FRI = "FRI"
    SAT = "SAT"
    SUN = "SUN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matchers:
    """Globs (`*`, `?`) that all have to match, case-sensitive. `*` also matches where no policy is concerned."""

    policy: str = "*"
    kind: str = "*"
    severity: str = "*"
    participant: str = "*"

    def __post_init__(self) -> None:
        for field in ("policy", "kind", "severity", "participant"):
            glob: str = getattr(self, field)
            if not GLOB.fullmatch(glob):
                message = f"{field}: {glob[:120]!r}, expected a glob of letters, digits, _, * and ?, at most 100"
                raise InvalidValueError(message)

    def match(self, about: Alert | AlertEvent) -> bool:
        """Return whether an alert or a transition matches."""
        pairs = (
            (about.policy_name, self.policy),
            (about.kind.value, self.kind),
            (about.severity.value, self.severity),
            (about.participant, self.participant),
        )
        return all(fnmatchcase(text, glob) for text, glob in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """Wall-clock hours on some days: from `start` to `end`, which is on the next day when it is not after `start`.

    `days` are those on which it starts. `time_zone` is an IANA name; the hours follow summer time.
    """

    days: tuple[Weekday, ...]
    start: time
    end: time
    time_zone: str

    def __post_init__(self) -> None:
        if not self.days or len(set(self.days)) != len(self.days):
            message = f"days: {[str(day) for day in self.days]}, expected MON to SUN, each once, at least one"
            raise InvalidValueError(message)
        if self.start.tzinfo or self.end.tzinfo:
            message = "start, end: expected times without a zone: time_zone has it"
            raise InvalidValueError(message)
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            message = f"time_zone: {self.time_zone[:60]!r}, expected an IANA name such as America/Sao_Paulo"
            raise InvalidValueError(message) from error

    def covers(self, moment: datetime) -> bool:
        """Return whether the moment is within the hours of one of the days, end excluded."""
        local = moment.astimezone(ZoneInfo(self.time_zone))
        clock, today = local.time(), list(Weekday)[local.weekday()]
        if self.start < self.end:
            return today in self.days and self.start <= clock < self.end
        yesterday = list(Weekday)[local.weekday() - 1]
        return (today in self.days and clock >= self.start) or (yesterday in self.days and clock < self.end)

    def next_end(self, moment: datetime) -> datetime:
        """Return when the clock shows `end` for the first time after the moment, in UTC."""
        zone = ZoneInfo(self.time_zone)
        local = moment.astimezone(zone)
        day = local.date() if local.time() < self.end else local.date() + timedelta(days=1)
        return datetime.combine(day, self.end, zone).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """One silence or maintenance window, active from `starts_at` until `ends_at`, or until an operator ends it.

    With a recurrence it is active within its hours only.
    """

    silence_id: UUID
    purpose: Purpose
    matchers: Matchers
    starts_at: datetime
    ends_at: datetime
    recurrence: Recurrence | None
    actor: str
    reason: str
    created_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None

    def __post_init__(self) -> None:
        for field in ("starts_at", "ends_at", "created_at", "ended_at"):
            require_timezone(field, getattr(self, field))
        if self.ends_at <= self.created_at:
            message = f"ends_at: {self.ends_at.isoformat()}, expected a time to come"
            raise InvalidValueError(message)
        if self.ends_at <= self.starts_at:
            message = f"ends_at: {self.ends_at.isoformat()}, expected later than starts_at"
            raise InvalidValueError(message)
        if self.ends_at - self.created_at > LONGEST:
            message = f"ends_at: {self.ends_at.isoformat()}, expected within {LONGEST.days} days"
            raise InvalidValueError(message)
        require_reason(self.reason)

    def active_at(self, moment: datetime) -> bool:
        ends_at = self.ends_at if self.ended_at is None else min(self.ends_at, self.ended_at)
        if not self.starts_at <= moment < ends_at:
            return False
        return self.recurrence is None or self.recurrence.covers(moment)

    def active_until(self, moment: datetime) -> datetime:
        """Return until when it is active, for a moment at which it is active."""
        return self.ends_at if self.recurrence is None else min(self.ends_at, self.recurrence.next_end(moment))

    def suppresses(self, about: Alert | AlertEvent, moment: datetime) -> bool:
        """Return whether it suppresses the notifications of this alert or transition."""
        return self.active_at(moment) and self.matchers.match(about)
