"""The schema of the database."""

from __future__ import annotations

from collections.abc import Sequence

from dict_rate_limit.adapters.postgres.migrations import runner
from dict_rate_limit.adapters.postgres.migrations.runner import MigrationStatus
from dict_rate_limit.settings import Settings, required

__all__ = ["MigrationStatus", "migrate", "migration_status", "redo_migration", "revert_migration"]


async def migrate(settings: Settings) -> Sequence[str]:
    """Apply the missing migrations; return their names."""
    return await runner.up(_url(settings))


async def migration_status(settings: Settings) -> Sequence[MigrationStatus]:
    """Return every migration and since when it is applied."""
    return await runner.status(_url(settings))


async def revert_migration(settings: Settings, *, allow_data_loss: bool) -> str | None:
    """Revert the last migration; return its name, None if none is applied."""
    return await runner.down(_url(settings), allow_data_loss=allow_data_loss)


async def redo_migration(settings: Settings, *, allow_data_loss: bool) -> str | None:
    """Revert the last migration and apply it again; return its name, None if none is applied."""
    return await runner.redo(_url(settings), allow_data_loss=allow_data_loss)


def _url(settings: Settings) -> str:
    return required(settings.database_url, "DATABASE_URL")
