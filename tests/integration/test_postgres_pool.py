from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from dict_rate_limit.adapters.postgres.pool import connection_string, open_pool
from dict_rate_limit.bootstrap.store import postgres_stores
from dict_rate_limit.domain.errors import SchemaError, StoreError, StoreUnavailableError
from postgres_database import END_OTHER_SESSIONS, execute, opened_store, record, values
from samples.domain import FIVE_MINUTES, PARTICIPANT, bucket, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dict_rate_limit.adapters.postgres.pool import Pool
    from dict_rate_limit.ports.stores import Stores


async def test_an_unreachable_database_is_unavailable() -> None:
    async with opened_store("postgresql://user:secret@127.0.0.1:1/dict", timeout_sec=0.2) as stores:
        with pytest.raises(StoreUnavailableError) as caught:
            await stores.state.latest([PARTICIPANT])

    assert caught.value.retry_helps
    assert "secret" not in str(caught.value)


async def test_a_silent_database_is_unavailable() -> None:
    with silent_server() as port:
        async with opened_store(f"postgresql://127.0.0.1:{port}/dict", timeout_sec=0.2) as stores:
            with pytest.raises(StoreUnavailableError, match="no connection in time"):
                await stores.state.latest([PARTICIPANT])


async def test_the_pool_recovers_when_the_database_is_back(postgres_server: str) -> None:
    url = postgres_server.replace("/postgres?", "/not_there_yet?")
    async with opened_store(url, timeout_sec=0.2) as stores:
        with pytest.raises(StoreUnavailableError):
            await stores.state.latest([])
        create_database(postgres_server, "CREATE DATABASE not_there_yet")

        try:
            await asyncio.wait_for(until_it_answers(stores), 10)
        finally:
            create_database(postgres_server, "DROP DATABASE not_there_yet WITH (FORCE)")


async def test_lost_idle_connections_are_replaced(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url, max_size=1) as stores:
        await stores.state.latest([PARTICIPANT])
        execute(migrated_database_url, END_OTHER_SESSIONS)

        assert await stores.state.latest([PARTICIPANT]) == {}


async def test_callers_wait_for_a_busy_pool_that_serves_others(migrated_database_url: str) -> None:
    async with open_pool(migrated_database_url, max_size=1, timeout_sec=0.3) as pool:
        answers = await asyncio.gather(*(slow_query(pool) for _ in range(6)))

    assert answers == [1] * 6


async def test_a_blocked_pool_times_out(migrated_database_url: str) -> None:
    async with open_pool(migrated_database_url, max_size=1, timeout_sec=0.1) as pool, pool.connection():
        with pytest.raises(StoreUnavailableError, match="no connection in time"):
            await postgres_stores(pool).state.latest([])


async def test_a_closed_pool_is_unavailable(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        pass

    with pytest.raises(StoreUnavailableError):
        await stores.state.latest([])


async def test_a_schema_without_tables_is_a_schema_error(database_url: str) -> None:
    async with opened_store(database_url) as stores:
        with pytest.raises(SchemaError, match=r"dict_rate_limit_participants.*migrate status"):
            await stores.state.latest([PARTICIPANT])


async def test_a_deadlock_is_retryable(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket()))
        execute(
            migrated_database_url,
            """
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$;
            CREATE TRIGGER fail BEFORE INSERT ON dict_rate_limit_source_calls EXECUTE FUNCTION fail();
            """,
        )

        with pytest.raises(StoreUnavailableError, match="deadlock"):
            await stores.rate_limiter.acquire(PARTICIPANT, FIVE_MINUTES)


@pytest.mark.parametrize(
    "url", ["postgres//user:secret@host/dict", "secret", "postgresql://user:secret@host:port:1/x=y?z"]
)
def test_an_invalid_url_is_not_repeated_in_the_error(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        connection_string(url)

    assert "DATABASE_URL" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_timeouts_of_the_url_apply() -> None:
    text = connection_string("postgres://user@host/dict?connect_timeout=9&sslmode=require&application_name=mine")

    assert "connect_timeout=9" in text
    assert "connect_timeout=3" not in text
    assert "application_name=mine" in text


async def test_sessions_are_in_utc_and_named(migrated_database_url: str) -> None:
    async with open_pool(migrated_database_url) as pool, pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT current_setting('TimeZone'), current_setting('application_name'),"
            " current_setting('statement_timeout')"
        )

        assert await cursor.fetchone() == ("UTC", "dict-rate-limit", "30s")


async def test_a_failed_block_stores_nothing(migrated_database_url: str) -> None:
    async with open_pool(migrated_database_url) as pool:
        with pytest.raises(StoreError, match="division by zero"):
            await insert_then_fail(pool)

    assert values(migrated_database_url, "SELECT count(*) FROM dict_rate_limit_source_calls") == [0]


async def insert_then_fail(pool: Pool) -> None:
    async with pool.connection() as connection:
        await connection.execute("INSERT INTO dict_rate_limit_source_calls VALUES ('x', now())")
        await connection.execute("SELECT 1 / 0")


async def slow_query(pool: Pool) -> object:
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT 1 FROM pg_sleep(0.1)")
        ((answer,),) = await cursor.fetchall()
        return answer


async def until_it_answers(stores: Stores) -> None:
    """Ask until there is a database; one without tables is one."""
    while True:
        try:
            await stores.state.latest([])
        except StoreUnavailableError:
            continue
        except SchemaError:
            return


def create_database(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


@contextmanager
def silent_server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
