"""The contents of a database: every row counted, and a digest of each table."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType

import psycopg
from psycopg import sql

from dict_rate_limit.adapters.postgres.migrations.schema import applied
from dict_rate_limit.adapters.postgres.pool import Connection, connection_string, translated
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.recovery import Contents, TableContent


@asynccontextmanager
async def session(database_url: str) -> AsyncIterator[Connection]:
    """Open one connection without timeouts; each statement is a transaction unless one is begun.

    Raises:
        StoreError: psycopg's errors, its own and those of the block, translated.
    """
    with translated():
        async with await psycopg.AsyncConnection.connect(
            connection_string(database_url), autocommit=True
        ) as connection:
            await connection.execute(statements("dump")["calm"])
            yield connection


@asynccontextmanager
async def one_moment(connection: Connection) -> AsyncIterator[None]:
    """Begin a read-only transaction that uses one snapshot to its end."""
    await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
    await connection.set_read_only(True)
    async with connection.transaction():
        yield
    await connection.set_isolation_level(None)
    await connection.set_read_only(None)


async def relations(connection: Connection, home: str) -> Sequence[tuple[str, str, bool]]:
    """List the product's relations: schema, name, and whether each has rows itself."""
    cursor = await connection.execute(statements("dump")["relations"], {"home": home})
    return await cursor.fetchall()


async def contents(connection: Connection, home: str) -> Contents:
    """Count and digest every table, in the open transaction; `home` is the schema of the tables.

    Raises:
        SchemaError: some of the tables are missing.
    """
    with translated():
        await connection.execute(statements("dump")["search_path"], {"home": home})
        cursor = await connection.execute(statements("dump")["summary"])
        ((waiting, newest),) = await cursor.fetchall()
        tables = {
            f"{schema}.{name}": await _table(connection, schema, name)
            for schema, name, holds in await relations(connection, home)
            if holds
        }
        version = max(await applied(connection), default=0)
    return Contents(schema=home, version=version, tables=MappingProxyType(tables), waiting=waiting, newest_at=newest)


async def _table(connection: Connection, schema: str, name: str) -> TableContent:
    """Count one table and sum the hashes of its rows: a sum, since rows have no order."""
    query = "SELECT count(*), coalesce(sum(hashtextextended(whole_row::text, 0)), 0)::text FROM ONLY {} AS whole_row"
    cursor = await connection.execute(sql.SQL(query).format(sql.Identifier(schema, name)))
    ((rows, digest),) = await cursor.fetchall()
    return TableContent(rows=rows, digest=digest)
