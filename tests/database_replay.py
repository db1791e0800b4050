"""Reads stored polls from a database and evaluates them again with the domain alone.

`python tests/database_replay.py DATABASE_URL [INTERVAL_SEC]` compares an installation with its replay.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.alerts.state import AlertConfig, ParticipantState
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.reading import FailedPoll, RejectedItem, Snapshot
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.texts.alert_lines import alert_events
from samples.domain import THRESHOLDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.domain.buckets.reading import Poll

Row = dict[str, Any]
Facts = tuple[object, ...]

_POLLS = "SELECT * FROM dict_rate_limit_polls ORDER BY participant, received_at"
_STATES = "SELECT * FROM dict_rate_limit_states ORDER BY participant, received_at, id"
_EVENTS = "SELECT * FROM dict_rate_limit_alert_events ORDER BY participant, position"


async def stored_polls(database_url: str) -> list[Poll]:
    """Read every poll, ordered by our clock. A poll without changes has a placeholder bucket."""
    async with await psycopg.AsyncConnection.connect(database_url, row_factory=dict_row) as connection:
        states: dict[tuple[str, object], list[Row]] = defaultdict(list)
        async for row in await connection.execute(_STATES):
            states[row["participant"], row["received_at"]].append(row)
        rows = await (await connection.execute(_POLLS)).fetchall()
    return [_poll(row, states[row["participant"], row["received_at"]]) for row in rows]


async def stored_events(database_url: str) -> list[Facts]:
    """Read every transition as `facts_of` returns them."""
    async with await psycopg.AsyncConnection.connect(database_url, row_factory=dict_row) as connection:
        rows = await (await connection.execute(_EVENTS)).fetchall()
    return [tuple(_plain(row[name]) for name in FACTS) for row in rows]


def replayed(polls: Iterable[Poll], rules: AlertConfig) -> list[Facts]:
    """Evaluate the polls again with the domain alone."""
    states: dict[str, ParticipantState] = {}
    events: list[AlertEvent] = []
    for poll in polls:
        before = states.get(poll.participant, ParticipantState(participant=poll.participant))
        states[poll.participant], evaluation = evaluate_poll(before, poll, rules)
        events.extend(alert_events(evaluation.changes))
    return [facts_of(event) for event in events]


FACTS = (
    *("event_id", "alert_id", "sequence", "participant", "policy_name", "kind", "transition", "severity", "exhausted"),
    *("category", "available_tokens", "capacity_max", "utilization_pct", "previous", "current"),
    *("opened_at", "detected_at", "message", "message_en"),
)


def facts_of(event: AlertEvent) -> Facts:
    """Return every field of a transition, comparable with its row."""
    return tuple(_plain(getattr(event, name)) for name in FACTS)


def rules_every(interval: timedelta) -> AlertConfig:
    """Return the default rules for a poll interval."""
    return AlertConfig(thresholds=THRESHOLDS, interval=interval, unreachable_after=3)


def _plain(value: object) -> object:
    return float(value) if hasattr(value, "as_tuple") else value  # type: ignore[arg-type] # a Decimal


def _poll(row: Row, states: list[Row]) -> Poll:
    origin = {name: row[name] for name in ("participant", "source", "received_at", "correlation_id")}
    outcome = Outcome(row["outcome"])
    if outcome not in {Outcome.OK, Outcome.EMPTY}:
        return FailedPoll(outcome=outcome, detail=row["detail"], retry_after_sec=row["retry_after_sec"], **origin)
    found = Snapshot(
        response_time=row["response_time"],
        category=row["category"],
        buckets=tuple(_bucket(state) for state in states),
        rejected=tuple(RejectedItem(**item) for item in row["rejected"] or ()),
        **origin,
    )
    assert bool(states) is row["advanced"]
    return replace(found, buckets=(_NEVER_READ,)) if outcome is Outcome.OK and not states else found


_NEVER_READ = Bucket(name="X", available_tokens=0, capacity=0, refill_tokens=0, refill_period_sec=0)


def _bucket(row: Row) -> Bucket:
    return Bucket(
        name=row["policy_name"],
        available_tokens=row["available_tokens"],
        capacity=row["capacity"],
        refill_tokens=row["refill_tokens"],
        refill_period_sec=row["refill_period_sec"],
        policy_category=row["policy_category"] or "",
    )


def _event_id(one: Facts) -> str:
    return str(one[0])


async def _main(database_url: str, interval_sec: float) -> int:
    polls, stored = await stored_polls(database_url), await stored_events(database_url)
    expected = replayed(polls, rules_every(timedelta(seconds=interval_sec)))
    equal = sorted(stored, key=_event_id) == sorted(expected, key=_event_id)
    span = max(poll.received_at for poll in polls) - min(poll.received_at for poll in polls)
    sys.stdout.write(
        f"{len(polls)} polls over {span}, {len(stored)} transitions stored, {len(expected)} replayed, "
        f"{'equal' if equal else 'DIFFERENT'}\n"
    )
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 20.0)))
