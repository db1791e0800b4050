"""Silences as rows, and back."""

from __future__ import annotations

import json
from datetime import time
from typing import TYPE_CHECKING, Any

from dict_rate_limit.adapters.postgres.params import storable
from dict_rate_limit.domain.notifications.silence import Matchers, Purpose, Recurrence, Silence, Weekday

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dict_rate_limit.adapters.postgres.alert_rows import Row
    from dict_rate_limit.adapters.postgres.params import Parameters


def parameters(silence: Silence) -> Parameters:
    """Return what add_silence takes."""
    return {
        "silence_id": silence.silence_id,
        "purpose": silence.purpose,
        "policy": silence.matchers.policy,
        "kind": silence.matchers.kind,
        "severity": silence.matchers.severity,
        "participant": silence.matchers.participant,
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
        "recurrence": None if silence.recurrence is None else json.dumps(_plain(silence.recurrence)),
        "actor": storable(silence.actor),
        "reason": storable(silence.reason),
        "created_at": silence.created_at,
        "ended_at": silence.ended_at,
        "ended_by": storable(silence.ended_by),
    }


def silence(row: Row) -> Silence:
    """Read a whole row."""
    return Silence(
        silence_id=row["silence_id"],
        purpose=Purpose(row["purpose"]),
        matchers=Matchers(
            policy=row["policy"], kind=row["kind"], severity=row["severity"], participant=row["participant"]
        ),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        recurrence=None if row["recurrence"] is None else _recurrence(row["recurrence"]),
        actor=row["actor"],
        reason=row["reason"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        ended_by=row["ended_by"],
    )


def _plain(recurrence: Recurrence) -> Parameters:
    return {
        "days": list(recurrence.days),
        "start": recurrence.start.isoformat(),
        "end": recurrence.end.isoformat(),
        "time_zone": recurrence.time_zone,
    }


def _recurrence(document: Mapping[str, Any]) -> Recurrence:
    return Recurrence(
        days=tuple(Weekday(day) for day in document["days"]),
        start=time.fromisoformat(document["start"]),
        end=time.fromisoformat(document["end"]),
        time_zone=document["time_zone"],
    )
