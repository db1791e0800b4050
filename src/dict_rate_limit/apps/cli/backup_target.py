"""The database to back up, and where the programs of PostgreSQL may be."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dict_rate_limit.apps.local.binaries import binary
from dict_rate_limit.apps.local.postgres_home import INSTALLATION, PACKAGE
from dict_rate_limit.apps.local.process import EmbeddedError
from dict_rate_limit.bootstrap.backup import backup_service
from dict_rate_limit.settings import Program, load, required

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dict_rate_limit.bootstrap.backup import BackupService


def service(environ: Mapping[str, str]) -> BackupService:
    """Return the backup service of the settings DATABASE_URL and PG_BIN_DIR.

    Raises:
        SettingsError: they are invalid.
    """
    settings = load(environ, program=Program.BACKUP)
    url = required(settings.database_url, "DATABASE_URL")
    return backup_service(url, environ, folders(environ, settings.pg_bin_dir))


def folders(environ: Mapping[str, str], chosen: Path | None) -> Sequence[Path]:
    """Return the folders to search for pg_dump: the chosen one, or the PATH and then the embedded PostgreSQL."""
    if chosen is not None:
        return [chosen]
    found = [Path(folder) for folder in environ.get("PATH", "").split(":") if folder]
    with suppress(EmbeddedError):
        found.append(binary(PACKAGE, f"{INSTALLATION}/bin/pg_dump", "PG_BIN_DIR").parent)
    return found
