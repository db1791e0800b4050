"""What readers ask of the store: the latest readings, rules, open alerts, counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.rows import dict_row

from dict_rate_limit.adapters.postgres import mappers
from dict_rate_limit.adapters.postgres.mappers import alerts
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.alerts.alert import Kind, Severity, TransitionKind
from dict_rate_limit.domain.errors import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from dict_rate_limit.adapters.postgres.pool import Connection, Pool, Row
    from dict_rate_limit.domain.alerts.alert import Alert
    from dict_rate_limit.domain.alerts.state import PolicyOverride
    from dict_rate_limit.ports.stores import LatestReading, TransitionKey


async def latest(pool: Pool, participants: Sequence[str]) -> Mapping[str, LatestReading]:
    """Read the last reading and the last outcome of each."""
    found = await _all(pool, "latest", {"participants": list(participants)})
    return {row["participant"]: mappers.latest(row) for row in found}


async def policy_overrides(pool: Pool, participant: str) -> Mapping[str, PolicyOverride]:
    """Read what operators set."""
    (row,) = await _all(pool, "policy_rules", {"participant": participant})
    return mappers.policy_overrides(row["policy_rules"])


async def open_alerts(pool: Pool, participants: Sequence[str]) -> Sequence[Alert]:
    """Read the open alerts, worst first."""
    (row,) = await _all(pool, "open_alerts", {"participants": list(participants)})
    return alerts(row["open_alerts"])


async def poll_counts(pool: Pool, participants: Sequence[str]) -> Mapping[tuple[str, Outcome], int]:
    """Read the counts of polls."""
    found = await _all(pool, "poll_counts", {"participants": list(participants)})
    return {(row["participant"], Outcome(row["outcome"])): row["polls"] for row in found}


async def open_alert_counts(pool: Pool, participants: Sequence[str]) -> Mapping[tuple[str, Kind, Severity], int]:
    """Count the open alerts."""
    found = await _all(pool, "open_alert_counts", {"participants": list(participants)})
    return {(row["participant"], Kind(row["kind"]), Severity(row["severity"])): row["count"] for row in found}


async def transition_counts(pool: Pool, participants: Sequence[str]) -> Mapping[TransitionKey, int]:
    """Read the counts of transitions."""
    found = await _all(pool, "transition_counts", {"participants": list(participants)})
    return {
        (row["participant"], row["policy_name"], Kind(row["kind"]), TransitionKind(row["transition"])): row["count"]
        for row in found
    }


async def acquire(pool: Pool, participant: str, spacing: timedelta) -> bool:
    """Take the participant's turn when it is due."""
    return bool(await _all(pool, "admit", {"participant": participant, "spacing": spacing}))


async def _all(pool: Pool, name: str, parameters: dict[str, object]) -> list[Row]:
    async with pool.connection() as connection:
        return await _fetched(connection, name, parameters)


async def _fetched(connection: Connection, name: str, parameters: dict[str, object]) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statements("reading")[name], parameters)
        return await cursor.fetchall()
