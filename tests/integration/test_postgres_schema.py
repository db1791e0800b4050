from __future__ import annotations

import pytest

from dict_rate_limit.adapters.postgres.migrations.goose import shipped_migrations
from dict_rate_limit.adapters.postgres.migrations.runner import down
from dict_rate_limit.adapters.postgres.migrations.schema import (
    SchemaFit,
    SchemaState,
    require_schema,
    schema_state,
    schema_version,
)
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.domain.errors import SchemaError, SchemaRefusedError, StoreUnavailableError
from postgres_database import execute

NEWER_VERSION = "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)"


async def state_of(url: str) -> SchemaState:
    async with open_pool(url, timeout_sec=0.2) as pool:
        return await schema_state(pool)


async def test_a_schema_with_all_migrations_is_current(migrated_database_url: str) -> None:
    state = await state_of(migrated_database_url)

    assert state == SchemaState(fit=SchemaFit.CURRENT)
    assert state.usable


async def test_an_empty_database_lists_the_missing_migrations(database_url: str) -> None:
    state = await state_of(database_url)

    assert (state.fit, state.usable) == (SchemaFit.EMPTY, False)
    assert state.missing == tuple(m.name for m in shipped_migrations())


async def test_a_fully_reverted_schema_is_empty(migrated_database_url: str) -> None:
    for _ in shipped_migrations():
        await down(migrated_database_url)

    assert (await state_of(migrated_database_url)).fit is SchemaFit.EMPTY


async def test_an_older_schema_names_the_missing_migration(migrated_database_url: str) -> None:
    name = await down(migrated_database_url)

    state = await state_of(migrated_database_url)

    assert (state.fit, state.usable, state.missing) == (SchemaFit.OLDER, False, (name,))
    assert state.message == f"not applied: {name}; run `dict-rate-limit migrate up`"


async def test_a_newer_schema_is_accepted(migrated_database_url: str) -> None:
    execute(migrated_database_url, NEWER_VERSION)

    state = await state_of(migrated_database_url)

    assert (state.fit, state.usable) == (SchemaFit.NEWER, True)


async def test_an_incompatible_schema_is_rejected(migrated_database_url: str) -> None:
    execute(migrated_database_url, NEWER_VERSION)
    execute(migrated_database_url, "UPDATE dict_rate_limit_schema SET oldest_code = 999")

    state = await state_of(migrated_database_url)

    assert (state.fit, state.usable) == (SchemaFit.INCOMPATIBLE, False)
    assert "999" in state.message


async def test_an_unreachable_database_has_no_known_schema() -> None:
    with pytest.raises(StoreUnavailableError):
        await state_of("postgresql://127.0.0.1:1/dict")


async def required(database_url: str) -> None:
    async with open_pool(database_url) as pool:
        await require_schema(pool)


async def test_a_compatible_schema_is_no_error(migrated_database_url: str) -> None:
    await required(migrated_database_url)


async def test_a_missing_migration_is_named_and_retryable(database_url: str) -> None:
    with pytest.raises(SchemaError, match=r"not applied: 001_create_dict_rate_limit_policies\.sql") as caught:
        await required(database_url)

    assert not isinstance(caught.value, SchemaRefusedError)


async def test_an_incompatible_schema_is_not_retryable(migrated_database_url: str) -> None:
    execute(migrated_database_url, "UPDATE dict_rate_limit_schema SET oldest_code = 999")

    with pytest.raises(SchemaRefusedError, match="use a newer one"):
        await required(migrated_database_url)


async def version_of(url: str) -> int | None:
    async with open_pool(url) as pool:
        return await schema_version(pool)


async def test_the_version_is_that_of_the_newest_applied_migration(migrated_database_url: str) -> None:
    newest = max(migration.version for migration in shipped_migrations())
    before = await version_of(migrated_database_url)
    await down(migrated_database_url)

    assert (before, await version_of(migrated_database_url)) == (newest, newest - 1)


async def test_a_newer_schema_has_its_own_version(migrated_database_url: str) -> None:
    execute(migrated_database_url, NEWER_VERSION)

    assert await version_of(migrated_database_url) == 999


async def test_an_empty_database_has_no_version(database_url: str) -> None:
    assert await version_of(database_url) is None


async def test_a_fully_reverted_schema_has_no_version(migrated_database_url: str) -> None:
    for _ in shipped_migrations():
        await down(migrated_database_url)

    assert await version_of(migrated_database_url) is None
