"""The memory and PostgreSQL stores behind one interface, for contract tests."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from dict_rate_limit.adapters.memory.stores import MemoryStores, memory_stores
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.bootstrap.store import postgres_stores
from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.texts.alert_lines import alert_events
from samples.domain import NOON, PARTICIPANT, RULES
from samples.fake_ports import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.domain.alerts.state import ParticipantState, PolicyOverride
    from dict_rate_limit.domain.buckets.reading import Poll
    from dict_rate_limit.ports.stores import Stores


@dataclass(frozen=True, slots=True)
class MemoryRules:
    """Sets overrides in memory."""

    stores: MemoryStores

    def set(self, policy_name: str, rule: PolicyOverride) -> None:
        self.stores.database.set_policy_override(PARTICIPANT, policy_name, rule)


@dataclass(frozen=True, slots=True)
class PostgresRules:
    """Sets overrides in the database; the policy must have been read once."""

    url: str

    def set(self, policy_name: str, rule: PolicyOverride) -> None:
        percent = [None if share is None else share / 100 for share in (rule.warning, rule.critical)]
        with psycopg.connect(self.url) as connection:
            connection.execute(
                "UPDATE dict_rate_limit_policies SET warning_threshold_pct = %s, critical_threshold_pct = %s,"
                " enabled = %s WHERE participant = %s AND policy_name = %s",
                [*percent, rule.enabled, PARTICIPANT, policy_name],
            )


@dataclass(frozen=True, slots=True)
class Harness:
    """The stores and a means to set overrides in them."""

    stores: Stores
    rules: MemoryRules | PostgresRules

    async def record(self, poll: Poll) -> ParticipantState | None:
        """Evaluate and store one poll as the product does; return the state after it, None for a known poll."""
        async with self.stores.state.begin(poll.participant) as unit:
            state = await unit.load(poll)
            if state is None:
                return None
            after, evaluation = evaluate_poll(state, poll, RULES)
            await unit.save(evaluation, alert_events(evaluation.changes))
        return after

    async def record_all(self, *polls: Poll) -> None:
        for poll in polls:
            await self.record(poll)

    async def load(self, poll: Poll) -> ParticipantState | None:
        """Load without saving anything."""
        async with self.stores.state.begin(poll.participant) as unit:
            return await unit.load(poll)

    async def unpublished(self, limit: int = 1000, now: datetime = NOON) -> list[AlertEvent]:
        """Look into the outbox without marking anything."""
        async with self.stores.outbox.claim_batch(limit, now) as unit:
            return list(unit.events)


def memory_harness() -> Harness:
    """Make an empty memory store."""
    stores = memory_stores(FakeClock())
    return Harness(stores, MemoryRules(stores))


@asynccontextmanager
async def postgres_harness(url: str) -> AsyncIterator[Harness]:
    """Open a PostgreSQL store on a migrated database."""
    async with open_pool(url, max_size=4) as pool:
        yield Harness(postgres_stores(pool), PostgresRules(url))
