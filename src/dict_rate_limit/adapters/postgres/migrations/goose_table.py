"""The table goose_db_version: which migrations are applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dict_rate_limit.adapters.postgres.sql_loader import statements

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dict_rate_limit.adapters.postgres.pool import Connection


async def tables(connection: Connection) -> tuple[bool, bool]:
    """Return whether goose_db_version and dict_rate_limit_schema exist."""
    cursor = await connection.execute(statements("versions")["tables"])
    ((versions, marker),) = await cursor.fetchall()
    return versions, marker


async def applied(connection: Connection) -> Mapping[int, datetime]:
    """Return when each version was applied, in order; the table must exist."""
    cursor = await connection.execute(statements("versions")["applied"])
    return dict(await cursor.fetchall())


async def oldest_code(connection: Connection) -> int:
    """Return the oldest version of the code that may use the schema; the table must exist."""
    cursor = await connection.execute(statements("versions")["oldest_code"])
    ((version,),) = await cursor.fetchall()
    return int(version)


async def create(connection: Connection) -> None:
    """Create the table and its first row, as goose does."""
    async with connection.transaction():
        await connection.execute(statements("versions")["create"])
        await note(connection, 0)


async def note(connection: Connection, version: int) -> None:
    """Store that a version is applied."""
    await connection.execute(statements("versions")["add"], {"version": version})


async def forget(connection: Connection, version: int) -> None:
    """Store that a version is no longer applied."""
    await connection.execute(statements("versions")["remove"], {"version": version})
