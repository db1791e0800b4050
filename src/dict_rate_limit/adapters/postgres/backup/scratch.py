"""Databases for a restore drill: created and dropped, or an empty one that is emptied again."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from dict_rate_limit.adapters.postgres.backup.contents import relations, session
from dict_rate_limit.adapters.postgres.backup.restore import require_empty
from dict_rate_limit.adapters.postgres.backup.tools import Place
from dict_rate_limit.adapters.postgres.pool import connection_string
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.errors import RecoveryError

PREFIX: Final = "dict_rate_limit_drill_"


@asynccontextmanager
async def scratch(place: Place) -> AsyncIterator[Place]:
    """Create an empty database on the same server; drop it at the end, also after an error.

    Raises:
        RecoveryError: the role may not create databases.
    """
    name = f"{PREFIX}{secrets.token_hex(4)}"
    async with session(place.database_url) as connection:
        cursor = await connection.execute(statements("dump")["collation"])
        ((encoding, collate, ctype),) = await cursor.fetchall()
        words = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}")
        try:
            await connection.execute(words.format(sql.Identifier(name), encoding, collate, ctype))
        except psycopg.errors.InsufficientPrivilege as error:
            message = (
                "this role may not create a database to restore into: grant it CREATEDB, or name an empty one (--into)"
            )
            raise RecoveryError(message) from error
    try:
        yield replace(place, database_url=make_conninfo(connection_string(place.database_url), dbname=name))
    finally:
        async with session(place.database_url) as connection:
            await connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@asynccontextmanager
async def lent(place: Place) -> AsyncIterator[Place]:
    """Use an empty database; drop the product's tables from it at the end.

    Raises:
        RecoveryRefusedError: it is not empty.
    """
    async with session(place.database_url) as connection:
        await require_empty(connection)
    try:
        yield place
    finally:
        async with session(place.database_url) as connection:
            await _drop_ours(connection)


async def _drop_ours(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    cursor = await connection.execute(statements("dump")["home"])
    row = await cursor.fetchone()
    if row is not None:
        tables = [sql.Identifier(schema, name) for schema, name, _ in await relations(connection, str(row[0]))]
        await connection.execute(sql.SQL("DROP TABLE {}").format(sql.SQL(", ").join(tables)))


async def came_after(place: Place, moment: datetime | None) -> tuple[int, int]:
    """Count the polls and transitions after a moment, which a restore would not bring back."""
    async with session(place.database_url) as connection:
        cursor = await connection.execute(statements("dump")["after"], {"moment": moment})
        ((polls, transitions),) = await cursor.fetchall()
        return polls, transitions
