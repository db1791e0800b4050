from __future__ import annotations

import asyncio

import pytest

from dict_rate_limit.adapters.postgres.goose import shipped_migrations
from dict_rate_limit.adapters.postgres.migrations import down, up
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.adapters.postgres.schema import SchemaFit, SchemaState, schema_state, wait_for_schema
from dict_rate_limit.domain.errors import SchemaError, StoreUnavailableError
from postgres_database import execute

NEWER_VERSION = "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)"


async def state_of(url: str) -> SchemaState:
    async with open_pool(url, patience=0.2) as pool:
        return await schema_state(pool)


async def test_a_schema_with_all_migrations_is_current(migrated_database_url: str) -> None:
    state = await state_of(migrated_database_url)

    assert state == SchemaState(fit=SchemaFit.CURRENT)
    assert state.usable


async def test_an_empty_database_is_told_what_is_missing(database_url: str) -> None:
    state = await state_of(database_url)

    assert (state.fit, state.usable) == (SchemaFit.EMPTY, False)
    assert state.missing == tuple(m.name for m in shipped_migrations())


async def test_a_schema_taken_back_to_nothing_is_empty(migrated_database_url: str) -> None:
    for _ in shipped_migrations():
        await down(migrated_database_url)

    assert (await state_of(migrated_database_url)).fit is SchemaFit.EMPTY


async def test_an_older_schema_is_told_which_migration_it_wants(migrated_database_url: str) -> None:
    name = await down(migrated_database_url)

    state = await state_of(migrated_database_url)

    assert (state.fit, state.usable, state.missing) == (SchemaFit.OLDER, False, (name,))
    assert state.message == f"not applied: {name}; run `dict-rate-limit migrate up`"


async def test_a_newer_schema_is_accepted(migrated_database_url: str) -> None:
    execute(migrated_database_url, NEWER_VERSION)

    state = await state_of(migrated_database_url)

    assert (state.fit, state.usable) == (SchemaFit.NEWER, True)


async def test_a_schema_that_shuts_this_code_out_is_refused(migrated_database_url: str) -> None:
    execute(migrated_database_url, NEWER_VERSION)
    execute(migrated_database_url, "UPDATE dict_rate_limit_schema SET oldest_code = 999")

    state = await state_of(migrated_database_url)

    assert (state.fit, state.usable) == (SchemaFit.INCOMPATIBLE, False)
    assert "999" in state.message


async def test_an_unreachable_database_has_no_known_schema() -> None:
    with pytest.raises(StoreUnavailableError):
        await state_of("postgresql://127.0.0.1:1/dict")


async def test_waiting_ends_at_once_when_the_schema_fits(migrated_database_url: str) -> None:
    told: list[str] = []

    async with open_pool(migrated_database_url) as pool:
        state = await wait_for_schema(pool, told.append)

    assert state.fit is SchemaFit.CURRENT
    assert told == []


async def test_waiting_ends_when_the_migrations_have_run(database_url: str) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()

    async with open_pool(database_url) as pool:
        waiting = asyncio.create_task(wait_for_schema(pool, told.put_nowait, pause=0.01))
        reason = await told.get()
        await up(database_url)
        state = await waiting

    assert "001_create_dict_rate_limit_policies.sql" in reason
    assert state.fit is SchemaFit.CURRENT


async def test_a_reason_to_wait_is_told_once() -> None:
    told: list[str] = []

    async with open_pool("postgresql://127.0.0.1:1/dict", patience=0.01) as pool:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait_for_schema(pool, told.append, pause=0.01), 0.5)

    assert len(told) == 1


async def test_nobody_waits_for_a_schema_that_shuts_this_code_out(migrated_database_url: str) -> None:
    execute(migrated_database_url, "UPDATE dict_rate_limit_schema SET oldest_code = 999")

    async with open_pool(migrated_database_url) as pool:
        with pytest.raises(SchemaError, match="use a newer one"):
            await wait_for_schema(pool, print)
