"""The JSON of silences and the audit. Names are frozen: fields are added, never renamed or removed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from dict_rate_limit.apps.api.acting_payload import utc
from dict_rate_limit.domain.audit import AuditAction
from dict_rate_limit.domain.notifications.silence import Purpose, Weekday

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dict_rate_limit.domain import audit as acts
    from dict_rate_limit.domain.notifications import silence as domain


class Recurrence(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of wall clock, HH:MM, on the days it starts on."""

    days: tuple[Weekday, ...]
    start: str
    end: str
    time_zone: str


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """One silence or maintenance window. `active`: it holds at this moment."""

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
    """Silences; `total` counts those in this answer."""

    silences: tuple[Silence, ...]
    total: int


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `subject_id` is the alert or silence."""

    at: datetime
    actor: str
    act: AuditAction
    subject_id: UUID
    detail: str
    reason: str


class AuditList(msgspec.Struct, frozen=True, kw_only=True):
    """The last acts, newest first; `total` counts those in this answer."""

    entries: tuple[AuditEntry, ...]
    total: int


def silence(one: domain.Silence, now: datetime) -> Silence:
    """Put a silence into words, as of now."""
    return Silence(
        silence_id=one.silence_id,
        purpose=one.purpose,
        policy=one.matchers.policy,
        kind=one.matchers.kind,
        severity=one.matchers.severity,
        participant=one.matchers.participant,
        starts_at=utc(one.starts_at),
        ends_at=utc(one.ends_at),
        recurrence=None if one.recurrence is None else _recurrence(one.recurrence),
        reason=one.reason,
        actor=one.actor,
        created_at=utc(one.created_at),
        ended_at=utc(one.ended_at),
        ended_by=one.ended_by,
        active=one.active_at(now),
    )


def silence_list(silences: Sequence[domain.Silence], now: datetime) -> SilenceList:
    """Put silences into words."""
    return SilenceList(silences=tuple(silence(one, now) for one in silences), total=len(silences))


def audit_list(entries: Sequence[acts.AuditEntry]) -> AuditList:
    """Put the audit into words."""
    shown = tuple(
        AuditEntry(
            at=utc(one.at),
            actor=one.actor,
            act=one.act,
            subject_id=one.subject_id,
            detail=one.detail,
            reason=one.reason,
        )
        for one in entries
    )
    return AuditList(entries=shown, total=len(shown))


def _recurrence(one: domain.Recurrence) -> Recurrence:
    return Recurrence(days=one.days, start=f"{one.start:%H:%M}", end=f"{one.end:%H:%M}", time_zone=one.time_zone)
