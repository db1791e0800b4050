"""Silences and the audit as a person reads them in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from dict_rate_limit.apps.cli.formatting import moment_text
from dict_rate_limit.apps.cli.output import lines, table_of, words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from dict_rate_limit.apps.cli.documents import AuditEntry, Silence


def silences_view(silences: Sequence[Silence], now: datetime) -> RenderableType:
    """Lay out silences, a block each: what they match, id, who and why; and when they hold."""
    table = table_of("STATE", "WHEN", "SILENCE", breaking=("SILENCE",))
    for one in silences:
        table.add_row(
            _state(one, now),
            lines(*(words(line) for line in _when(one, now))),
            lines(words(matched_text(one)), words(one.silence_id, "dim"), words(f"{one.actor}: {one.reason}")),
        )
    return table


def audit_view(entries: Sequence[AuditEntry]) -> RenderableType:
    """Lay out acts, newest first: what was done, and why."""
    table = table_of("AT", "ACTOR", "WHAT AND WHY", breaking=("ACTOR", "WHAT AND WHY"))
    for one in entries:
        table.add_row(
            Text(moment_text(one.at)),
            words(one.actor),
            lines(words(f"{one.act}: {one.detail}"), words(one.subject_id, "dim"), words(one.reason)),
        )
    return table


def matched_text(one: Silence) -> str:
    """Say what a silence is for and what it matches."""
    globs = (("policy", one.policy), ("kind", one.kind), ("severity", one.severity), ("participant", one.participant))
    matched = ", ".join(f"{name}={glob}" for name, glob in globs if glob != "*") or "everything"
    return f"{one.purpose}: {matched}"


def _state(one: Silence, now: datetime) -> Text:
    if one.active:
        return Text("active", style="yellow")
    if one.ended_at is not None or one.ends_at <= now:
        return Text("over", style="dim")
    return Text("waits")


def _when(one: Silence, now: datetime) -> list[str]:
    said = [f"from {moment_text(one.starts_at)}"] if one.starts_at > now else []
    if one.ended_at is None:
        said.append(f"until {moment_text(one.ends_at)}")
    else:
        said.append(f"ended {moment_text(one.ended_at)} by {one.ended_by}")
    if one.recurrence is not None:
        hours = one.recurrence
        said += [f"{','.join(hours.days)} {hours.start}-{hours.end}", hours.time_zone]
    return said
