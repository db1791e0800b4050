"""The schema of the database."""

from __future__ import annotations

from dict_rate_limit.adapters.postgres.migrations.runner import MigrationStatus
from dict_rate_limit.adapters.postgres.migrations.runner import down as revert_migration
from dict_rate_limit.adapters.postgres.migrations.runner import redo as redo_migration
from dict_rate_limit.adapters.postgres.migrations.runner import status as migration_status
from dict_rate_limit.adapters.postgres.migrations.runner import up as migrate

__all__ = ["MigrationStatus", "migrate", "migration_status", "redo_migration", "revert_migration"]
