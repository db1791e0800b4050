"""Restore a backup into an empty database in one transaction, and compare. Make databases for drills."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from dict_rate_limit.adapters.postgres.backup.contents import contents, one_moment, relations, session
from dict_rate_limit.adapters.postgres.backup.directory import Backup, checksum
from dict_rate_limit.adapters.postgres.backup.tools import Access, Place, Tools, access, find_tools, run
from dict_rate_limit.adapters.postgres.pool import Connection, connection_string
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.errors import RecoveryError, RecoveryRefusedError
from dict_rate_limit.domain.recovery import SEQUENCE_GAP, Contents, differences

_TABLE_DATA: Final = re.compile(r"^\d+; \d+ \d+ TABLE DATA (.+)$", re.MULTILINE)
_NAMED: Final = 5
_PLAIN: Final = (
    "--no-owner",
    "--no-privileges",
    "--no-publications",
    "--no-subscriptions",
    "--no-security-labels",
    "--no-tablespaces",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreTimes:
    """Seconds of each step."""

    check: float
    restore: float
    compare: float

    @property
    def total(self) -> float:
        return self.check + self.restore + self.compare


async def require_tables(tools: Tools, dump: Path, expected: Contents) -> None:
    """Check that pg_restore can read the dump and that it has rows of exactly these tables.

    Raises:
        RecoveryRefusedError: it cannot, or there are other tables.
    """
    try:
        listed = await run((tools.restore, "--list", str(dump)), Access(conninfo="", environ={"LC_ALL": "C"}))
    except RecoveryError as error:
        message = f"{dump}: not a dump that {tools.restore} can read: {error}"
        raise RecoveryRefusedError(message) from error
    # Each line is schema, name and owner, and each of them may contain spaces.
    lines = _TABLE_DATA.findall(listed)
    tables = {name.replace(".", " ", 1) + " " for name in expected.tables}
    odd = [line for line in lines if not any(line.startswith(table) for table in tables)]
    odd += [table for table in tables if not any(line.startswith(table) for line in lines)]
    if odd:
        message = f"{dump}: dump and manifest have different tables: {', '.join(sorted(odd))}"
        raise RecoveryRefusedError(message)


async def check(backup: Backup, tools: Tools) -> None:
    """Check that the dump has the SHA-256 and the tables of its manifest.

    Raises:
        RecoveryRefusedError: it is damaged.
    """
    found, expected = await asyncio.to_thread(checksum, backup.dump), backup.manifest.sha256
    if found != expected:
        message = f"{backup.dump}: SHA-256 {found}, expected {expected}: it is damaged; nothing was changed"
        raise RecoveryRefusedError(message)
    await require_tables(tools, backup.dump, backup.manifest.contents)


async def restore(place: Place, backup: Backup) -> RestoreTimes:
    """Restore into an empty database, compare, and analyze it.

    Raises:
        RecoveryRefusedError: the backup is damaged, the database is not empty (nothing was changed), or the result
            differs from the backup (the database must not be used).
        RecoveryError: pg_restore failed; nothing was changed.
        StoreUnavailableError: the database cannot be reached.
    """
    async with session(place.database_url) as connection:
        began = time.perf_counter()
        server_major = connection.info.server_version // 10_000
        # pg_restore must know both the server and the format of the dump.
        tools = await find_tools(place.folders, max(server_major, backup.manifest.tools_major))
        await check(backup, tools)
        await _require_fit(connection, backup)
        checked = time.perf_counter()
        reached = access(place.database_url, place.environ, connection)
        # One transaction: after a failure the database is empty as before.
        words = ("--single-transaction", "--exit-on-error", "--no-password", *_PLAIN)
        target = f"--dbname={reached.conninfo} dbname={_quoted(connection.info.dbname)}"
        await run((tools.restore, *words, target, str(backup.dump)), reached)
        restored = time.perf_counter()
        await _compare(connection, backup)
        await _analyze(connection, backup.manifest.contents.schema)
    return RestoreTimes(check=checked - began, restore=restored - checked, compare=time.perf_counter() - restored)


async def leave_gap(place: Place, backup: Backup) -> int:
    """Raise the sequence of open alerts by SEQUENCE_GAP, see there; return how many there are."""
    async with session(place.database_url) as connection, connection.transaction():
        await connection.execute(statements("dump")["search_path"], {"home": backup.manifest.contents.schema})
        return (await connection.execute(statements("dump")["leave_gap"], {"gap": SEQUENCE_GAP})).rowcount


async def require_empty(connection: Connection) -> None:
    """Check that the database is empty.

    Raises:
        RecoveryRefusedError: it is not; the message names what is in it.
    """
    there = [name for (name,) in await (await connection.execute(statements("dump")["occupants"])).fetchall()]
    if there:
        more = f" and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
        what = f"the database {connection.info.dbname} is not empty"
        message = f"{what}: {', '.join(there[:_NAMED])}{more}; restore into an empty one"
        raise RecoveryRefusedError(message)


async def _require_fit(connection: Connection, backup: Backup) -> None:
    """Reject a database that is not empty, that a worker uses, or that is too old for the dump."""
    server, needed = connection.info.server_version // 10_000, backup.manifest.server_major
    if server < needed:
        message = f"the backup is from PostgreSQL {needed}, this server is of {server}: restore into {needed} or newer"
        raise RecoveryRefusedError(message)
    await require_empty(connection)
    ((users,),) = await (await connection.execute(statements("dump")["users"])).fetchall()
    if users:
        message = f"{users} sessions of dict-rate-limit are in this database: stop worker and API, then restore"
        raise RecoveryRefusedError(message)
    schemas = {name for (name,) in await (await connection.execute(statements("dump")["schemas"])).fetchall()}
    missing = sorted({name.partition(".")[0] for name in backup.manifest.contents.tables} - schemas)
    if missing:
        message = f"schema {', '.join(missing)}: missing in this database; create it with CREATE SCHEMA, then restore"
        raise RecoveryRefusedError(message)


async def _compare(connection: Connection, backup: Backup) -> None:
    expected = backup.manifest.contents
    async with one_moment(connection):
        found = await contents(connection, expected.schema)
    odd = differences(expected, found)
    if odd:
        message = f"restored, but different from the backup; do not use this database: {'; '.join(odd)}"
        raise RecoveryRefusedError(message)


async def _analyze(connection: Connection, home: str) -> None:
    # A dump has no statistics for the planner, and autovacuum does not analyze partitioned tables.
    for schema, name, _ in await relations(connection, home):
        await connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(schema, name)))


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


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
            cursor = await connection.execute(statements("dump")["home"])
            for (home,) in await cursor.fetchall():
                tables = [sql.Identifier(schema, name) for schema, name, _ in await relations(connection, home)]
                await connection.execute(sql.SQL("DROP TABLE {}").format(sql.SQL(", ").join(tables)))


async def came_after(place: Place, moment: datetime | None) -> tuple[int, int]:
    """Count the polls and transitions after a moment, which a restore would not bring back."""
    async with session(place.database_url) as connection:
        cursor = await connection.execute(statements("dump")["after"], {"moment": moment})
        ((polls, transitions),) = await cursor.fetchall()
        return polls, transitions
