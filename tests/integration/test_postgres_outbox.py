from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.errors import StoreUnavailableError
from domain_samples import NOON, bucket, snapshot
from postgres_database import END_OTHER_SESSIONS, execute, opened_store, record, values

if TYPE_CHECKING:
    from dict_rate_limit.adapters.postgres.store import PostgresStore

UNPUBLISHED = "SELECT count(*) FROM dict_rate_limit_alert_events WHERE published_at IS NULL"


async def test_a_reader_that_loses_its_session_loses_no_mark_and_no_lock(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as store:
        await record(store, snapshot(bucket(0), bucket(0, name="KEYS_CHECK")))

        with pytest.raises(StoreUnavailableError):
            await mark_then_lose_session(store, migrated_database_url)

        assert values(migrated_database_url, UNPUBLISHED) == [1]
        async with store.drain(10) as unit:
            assert unit is not None
            assert len(unit.events) == 1


async def test_a_mark_that_cannot_be_made_is_told(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as store:
        await record(store, snapshot(bucket(0)))

        with pytest.raises(StoreUnavailableError):
            await lose_session_then_mark(store, migrated_database_url)

        assert values(migrated_database_url, UNPUBLISHED) == [1]


async def test_a_transition_keeps_the_time_it_was_first_marked(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as store:
        await record(store, snapshot(bucket(0)))

        async with store.drain(10) as unit:
            assert unit is not None
            for at in (NOON, NOON.replace(hour=13)):
                await unit.mark_published([unit.events[0].event_id], at)

    assert values(migrated_database_url, "SELECT published_at FROM dict_rate_limit_alert_events") == [NOON]


async def test_an_open_outbox_holds_no_transaction_open(migrated_database_url: str) -> None:
    sessions = "SELECT state FROM pg_stat_activity WHERE application_name = 'dict-rate-limit' AND query <> ''"
    async with opened_store(migrated_database_url, max_size=1) as store, store.drain(10):
        assert values(migrated_database_url, sessions) == ["idle"]


async def mark_then_lose_session(store: PostgresStore, url: str) -> None:
    async with store.drain(10) as unit:
        assert unit is not None
        await unit.mark_published([unit.events[0].event_id], NOON)
        execute(url, END_OTHER_SESSIONS)


async def lose_session_then_mark(store: PostgresStore, url: str) -> None:
    async with store.drain(10) as unit:
        assert unit is not None
        execute(url, END_OTHER_SESSIONS)
        await unit.mark_published([unit.events[0].event_id], NOON)
