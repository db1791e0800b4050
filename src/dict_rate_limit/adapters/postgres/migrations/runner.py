"""Runs the migrations as goose v3 does: same files, same table of versions.

Concurrent runners wait for one another. goose takes no lock when used as a command: do not run both at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg

from dict_rate_limit.adapters.postgres.migrations.goose import Migration, shipped_migrations
from dict_rate_limit.adapters.postgres.migrations.schema import applied, tables
from dict_rate_limit.adapters.postgres.pool import Connection, connection_string, translated
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.errors import SchemaError

_LOCK_SECONDS: Final = 120
_LOCK_PAUSE: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationStatus:
    """A migration and when it was applied; `name` is None for one that only newer code knows."""

    version: int
    name: str | None
    applied_at: datetime | None


async def up(database_url: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Apply the missing migrations, each with its version in one transaction; return their names, in order.

    Raises:
        SchemaError: a migration failed (earlier ones stay applied), or one is missing below an applied one.
        StoreUnavailableError: the database cannot be reached.
    """
    async with _runner(database_url) as connection:
        known = await _versions(connection)
        missing = [m for m in migrations or shipped_migrations() if m.version not in known]
        newest = max(known, default=0)
        # A migration below an applied one was written for another schema: only an operator can decide.
        late = [m.name for m in missing if m.version < newest]
        if late:
            message = f"{', '.join(late)}: not applied, but version {newest} is; apply them by hand, in order"
            raise SchemaError(message)
        for migration in missing:
            await _run(connection, migration)
    return [migration.name for migration in missing]


async def down(
    database_url: str,
    migrations: Sequence[Migration] | None = None,
    *,
    allow_data_loss: bool = False,
    apply_again: bool = False,
) -> str | None:
    """Revert the last migration; return its name, None without any.

    Raises:
        SchemaError: there are rows it would delete and `allow_data_loss` is not set, or this code does not know it.
    """
    async with _runner(database_url, allow_data_loss=allow_data_loss) as connection:
        migration = await _last(connection, migrations)
        if migration is None:
            return None
        await _run(connection, migration, revert=True)
        if apply_again:
            await _run(connection, migration)
    return migration.name


async def redo(
    database_url: str, migrations: Sequence[Migration] | None = None, *, allow_data_loss: bool = False
) -> str | None:
    """Revert the last migration and apply it again, under one lock; errors as `down` and `up`."""
    return await down(database_url, migrations, allow_data_loss=allow_data_loss, apply_again=True)


async def status(database_url: str, migrations: Sequence[Migration] | None = None) -> list[MigrationStatus]:
    """List all migrations known to this code or to the database, in order; changes nothing."""
    names = {m.version: m.name for m in migrations or shipped_migrations()}
    with translated():
        async with await _connected(database_url) as connection:
            there, _ = await tables(connection)
            known = await applied(connection) if there else {}
    return [
        MigrationStatus(version=version, name=names.get(version), applied_at=known.get(version))
        for version in sorted(names.keys() | known.keys())
    ]


async def _last(connection: Connection, migrations: Sequence[Migration] | None) -> Migration | None:
    newest = max(await _versions(connection), default=None)
    by_version = {m.version: m for m in migrations or shipped_migrations()}
    if newest is not None and newest not in by_version:
        message = f"version {newest}: this code does not know it; only code that does can revert it"
        raise SchemaError(message)
    return None if newest is None else by_version[newest]


async def _run(connection: Connection, migration: Migration, *, revert: bool = False) -> None:
    async with _step(connection, migration):
        for statement in migration.down if revert else migration.up:
            await connection.execute(statement.encode())
        note = statements("versions")["remove" if revert else "add"]
        await connection.execute(note, {"version": migration.version})


@asynccontextmanager
async def _step(connection: Connection, migration: Migration) -> AsyncIterator[None]:
    """Run the block in a transaction, unless the migration runs without; name the migration in an error."""
    try:
        async with connection.transaction() if migration.transactional else nullcontext():
            yield
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        words = (migration.name, error.diag.message_primary or str(error), error.diag.message_hint)
        raise SchemaError(": ".join(word for word in words if word)) from error


async def _versions(connection: Connection) -> Mapping[int, datetime]:
    there, _ = await tables(connection)
    if not there:
        async with connection.transaction():
            await connection.execute(statements("versions")["create"])
            # The table's first row, as goose writes it.
            await connection.execute(statements("versions")["add"], {"version": 0})
    return await applied(connection)


@asynccontextmanager
async def _runner(database_url: str, *, allow_data_loss: bool = False) -> AsyncIterator[Connection]:
    """Connect and take the lock of the runners."""
    with translated():
        async with await _connected(database_url) as connection:
            if allow_data_loss:
                await connection.execute(statements("versions")["allow_data_loss"], {"value": "on"})
            await _locked(connection)
            yield connection


async def _connected(database_url: str) -> Connection:
    return await psycopg.AsyncConnection.connect(connection_string(database_url), autocommit=True)


async def _locked(connection: Connection) -> None:
    # Polled, because a waiting statement would block CREATE INDEX CONCURRENTLY of the running migration.
    for _ in range(int(_LOCK_SECONDS / _LOCK_PAUSE)):
        cursor = await connection.execute(statements("versions")["try_lock"])
        if await cursor.fetchone() == (True,):
            return
        await asyncio.sleep(_LOCK_PAUSE)
    message = f"another migration has been running for {_LOCK_SECONDS} s; try again when it is done"
    raise SchemaError(message)
