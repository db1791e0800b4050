"""Create and end silences. Every action is written to the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from uuid import UUID, uuid4

from dict_rate_limit.domain.alerts.alert import Kind, Severity
from dict_rate_limit.domain.audit import AuditAction, AuditEntry
from dict_rate_limit.domain.errors import InvalidValueError, NotFoundError
from dict_rate_limit.domain.notifications.silence import Matchers, Purpose, Recurrence, Silence
from dict_rate_limit.domain.text import require_reason
from dict_rate_limit.domain.timestamps import format_utc, require_timezone
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.stores import SilenceRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSilence:
    """A command. `starts_at` None = now."""

    purpose: Purpose
    matchers: Matchers
    ends_at: datetime
    actor: str
    reason: str
    starts_at: datetime | None = None
    recurrence: Recurrence | None = None


async def create_silence(silences: SilenceRepository, clock: Clock, command: CreateSilence) -> Silence:
    """Create a silence. A start in the past becomes now.

    Raises:
        InvalidValueError: the end is in the past, too far or before the start; no reason; no such kind or severity.
    """
    _reject_unknown_words(command.matchers)
    now = clock.now()
    require_timezone("starts_at", command.starts_at)
    silence = Silence(
        silence_id=uuid4(),
        purpose=command.purpose,
        matchers=command.matchers,
        starts_at=max(command.starts_at or now, now),
        ends_at=command.ends_at,
        recurrence=command.recurrence,
        actor=command.actor,
        reason=command.reason,
        created_at=now,
    )
    detail = f"{command.purpose} {matchers_text(command.matchers)} until {format_utc(command.ends_at)}"
    entry = AuditEntry(
        at=now,
        actor=command.actor,
        act=AuditAction.SILENCE_CREATED,
        subject_id=silence.silence_id,
        detail=detail,
        reason=command.reason,
    )
    await silences.add(silence, entry)
    return silence


async def end_silence(silences: SilenceRepository, clock: Clock, silence_id: UUID, actor: str, reason: str) -> Silence:
    """End a silence now.

    Raises:
        InvalidValueError: the reason is missing.
        NotFoundError: no silence has this id, or it has ended.
    """
    require_reason(reason)
    now = clock.now()
    entry = AuditEntry(
        at=now, actor=actor, act=AuditAction.SILENCE_ENDED, subject_id=silence_id, detail="ended by hand", reason=reason
    )
    ended = await silences.end(silence_id, actor, now, entry)
    if ended is None:
        message = f"silence: {silence_id}, expected one that has not ended"
        raise NotFoundError(message)
    return ended


def matchers_text(matchers: Matchers) -> str:
    """Return matchers on one line, without those that match everything."""
    pairs = (
        ("policy", matchers.policy),
        ("kind", matchers.kind),
        ("severity", matchers.severity),
        ("participant", matchers.participant),
    )
    return ", ".join(f"{name}={glob}" for name, glob in pairs if glob != "*") or "everything"


def _reject_unknown_words(matchers: Matchers) -> None:
    # Policies and participants may appear later, so only the fixed sets can be checked.
    for field, glob, words in (("kind", matchers.kind, Kind), ("severity", matchers.severity, Severity)):
        if not any(fnmatchcase(word, glob) for word in words):
            message = f"{field}: {glob!r}, expected a glob that matches one of {', '.join(words)}"
            raise InvalidValueError(message)
