"""Backups of the database: made, restored, and rehearsed on a copy."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.postgres.backup import restore as restoring
from dict_rate_limit.adapters.postgres.backup.directory import Backup
from dict_rate_limit.adapters.postgres.backup.directory import find as find_backup
from dict_rate_limit.adapters.postgres.backup.dump import back_up
from dict_rate_limit.adapters.postgres.backup.dump import clear_away as prune_backups
from dict_rate_limit.adapters.postgres.backup.restore import RestoreTimes
from dict_rate_limit.adapters.postgres.backup.tools import Place, find_tools
from dict_rate_limit.domain.recovery import Manifest

__all__ = ["BackupService", "Drilled", "Restored", "backup_service", "check_backup", "find_backup", "prune_backups"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A restore that has ended. `age` is the age of the backup."""

    took: RestoreTimes
    open_alerts: int
    age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """A drill that has ended. `made`: the backup was made for it."""

    manifest: Manifest
    made: bool
    took: RestoreTimes
    polls_after: int
    transitions_after: int
    now: datetime


@dataclass(frozen=True, slots=True)
class BackupService:
    """Backs up and restores the database of DATABASE_URL with the programs of PostgreSQL.

    Its methods raise the errors of `adapters.postgres.backup`.
    """

    _place: Place

    async def back_up(self, folder: Path) -> Backup:
        """Write a dump and its manifest into the folder."""
        return await back_up(self._place, folder, version("dict-rate-limit"))

    async def restore(self, backup: Backup) -> Restored:
        took = await restoring.restore(self._place, backup)
        open_alerts = await restoring.leave_gap(self._place, backup)
        return Restored(took=took, open_alerts=open_alerts, age=backup.manifest.age(SystemClock().now()))

    async def drill(self, source: Path | None, to: Path | None, into: str | None) -> Drilled:
        """Restore a backup into a scratch database, compare it, drop it.

        `source` is a backup, None = a new one in `to`, or in a folder that is deleted. `into` is the address of an
        empty database, None = a scratch one on the same server.
        """
        with _folder(to) as folder:
            backup = await self.back_up(folder) if source is None else find_backup(source)[0]
            target = (
                restoring.scratch(self._place)
                if into is None
                else restoring.lent(replace(self._place, database_url=into))
            )
            async with target as copy:
                took = await restoring.restore(copy, backup)
        polls, transitions = await restoring.came_after(self._place, backup.manifest.contents.newest_at)
        return Drilled(
            manifest=backup.manifest,
            made=source is None,
            took=took,
            polls_after=polls,
            transitions_after=transitions,
            now=SystemClock().now(),
        )


def backup_service(database_url: str, environ: Mapping[str, str], folders: Sequence[Path]) -> BackupService:
    """Return the service; `folders` may hold pg_dump and pg_restore."""
    return BackupService(Place(database_url=database_url, environ=environ, folders=folders))


async def check_backup(backup: Backup, folders: Sequence[Path]) -> None:
    await restoring.check(backup, await find_tools(folders, backup.manifest.tools_major))


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        yield chosen
        return
    with tempfile.TemporaryDirectory(prefix="dict-rate-limit-drill-") as folder:
        yield Path(folder)
