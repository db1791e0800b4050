"""Make a backup: pg_dump and the counts of its manifest use one snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from dict_rate_limit.adapters.postgres.backup import directory
from dict_rate_limit.adapters.postgres.backup.contents import contents, one_moment, relations, session
from dict_rate_limit.adapters.postgres.backup.directory import Backup
from dict_rate_limit.adapters.postgres.backup.restore import require_tables
from dict_rate_limit.adapters.postgres.backup.tools import Access, Place, Tools, access, find_tools, run
from dict_rate_limit.adapters.postgres.pool import Connection
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.errors import SchemaError
from dict_rate_limit.domain.recovery import Contents, Manifest, Retention


async def back_up(place: Place, folder: Path, product_version: str) -> Backup:
    """Make one backup in the folder, complete or not at all.

    Raises:
        RecoveryError: the folder, the disk or pg_dump failed.
        SchemaError: there are no tables of the product in the database.
        StoreUnavailableError: the database cannot be reached.
    """
    with directory.draft(folder) as path:
        async with session(place.database_url) as connection:
            home = await _home(connection)
            tools = await find_tools(place.folders, connection.info.server_version // 10_000)
            reached = access(place.database_url, place.environ, connection)
            async with one_moment(connection):
                # pg_dump uses the snapshot too, while this transaction is open.
                cursor = await connection.execute(statements("dump")["snapshot"])
                ((snapshot, taken_at, database),) = await cursor.fetchall()
                found = await _dumped(connection, home, _command(tools, reached, snapshot, path), reached)
            server_version = connection.info.parameter_status("server_version") or "0"
        await require_tables(tools, path, found)
        manifest = Manifest(
            taken_at=taken_at,
            product_version=product_version,
            database=database,
            server_version=server_version.split()[0],
            tools_major=tools.major,
            contents=found,
            size=path.stat().st_size,
            sha256=await asyncio.to_thread(directory.checksum, path),
        )
        return directory.publish(path, manifest)


def clear_away(folder: Path, made: Backup, retention: Retention) -> tuple[list[Backup], list[str]]:
    """Delete the superseded backups; return them, and lines on the invalid ones, which stay.

    Raises:
        RecoveryError: the disk failed. The new backup is complete.
    """
    good, bad = directory.backups(folder)
    names = {manifest.name for manifest in retention.superseded([backup.manifest for backup in good], made.manifest)}
    gone = [backup for backup in good if backup.manifest.name in names]
    for backup in gone:
        directory.remove(backup)
    return gone, bad


async def _home(connection: Connection) -> str:
    cursor = await connection.execute(statements("dump")["home"])
    row = await cursor.fetchone()
    if row is None:
        message = "there is nothing to back up: no table of dict-rate-limit is in this database; is it the right one?"
        raise SchemaError(message)
    return str(row[0])


async def _dumped(connection: Connection, home: str, command: Sequence[str], reached: Access) -> Contents:
    tables = [
        "--table=" + ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name))
        for schema, name, _ in await relations(connection, home)
    ]
    try:
        async with asyncio.TaskGroup() as group:
            counting = group.create_task(contents(connection, home))
            group.create_task(run((*command, *tables), reached))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return counting.result()


def _command(tools: Tools, reached: Access, snapshot: str, path: Path) -> Sequence[str]:
    words = ("--format=custom", "--no-password", "--lock-wait-timeout=60s")
    return (tools.dump, *words, f"--snapshot={snapshot}", f"--file={path}", f"--dbname={reached.conninfo}")
