"""The database that backups are of, and where the programs for it may be."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.postgres.backup.tools import Place
from dict_rate_limit.apps.local.binaries import binary
from dict_rate_limit.apps.local.postgres_home import INSTALLATION, PACKAGE
from dict_rate_limit.apps.local.process import EmbeddedError
from dict_rate_limit.settings import Program, load, required

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def place(environ: Mapping[str, str]) -> Place:
    """Read the settings: DATABASE_URL, PG_BIN_DIR.

    Raises:
        SettingsError: they have problems.
    """
    settings = load(environ, program=Program.BACKUP)
    url = required(settings.database_url, "DATABASE_URL")
    return Place(database_url=url, environ=environ, folders=folders(environ, settings.pg_bin_dir))


def folders(environ: Mapping[str, str], chosen: Path | None) -> Sequence[Path]:
    """Return where pg_dump may be: the chosen folder alone, or the PATH, then the embedded PostgreSQL."""
    if chosen is not None:
        return [chosen]
    found = [Path(folder) for folder in environ.get("PATH", "").split(":") if folder]
    with suppress(EmbeddedError):
        found.append(binary(PACKAGE, f"{INSTALLATION}/bin/pg_dump", "PG_BIN_DIR").parent)
    return found
