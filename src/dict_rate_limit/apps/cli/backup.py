"""`dict-rate-limit backup` and `restore`: a dump of the database with a manifest to verify it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.cli.output import format_count, format_duration, format_size, format_time
from dict_rate_limit.apps.cli.signals import run_interruptible
from dict_rate_limit.apps.local.postgres import INSTALLATION, PACKAGE
from dict_rate_limit.apps.local.process import EmbeddedError, binary
from dict_rate_limit.bootstrap.backup import (
    BackupService,
    Restored,
    backup_service,
    check_backup,
    find_backup,
    prune_backups,
)
from dict_rate_limit.domain.recovery import Manifest, Retention
from dict_rate_limit.settings import Program, load, required


def backup(
    context: typer.Context,
    *,
    to: Annotated[str, typer.Option(help="Folder for backups of this database; it must exist.")],
    keep: Annotated[
        int | None, typer.Option(min=1, help="Number of newest backups to keep; older ones are deleted after success.")
    ] = None,
    keep_days: Annotated[
        int | None, typer.Option(min=1, help="Keep all backups that are younger than this number of days.")
    ] = None,
) -> int:
    """Back up the database (DATABASE_URL) into a folder: a complete dump and its manifest, or nothing.

    Writes the path of the dump to stdout. --keep or --keep-days keeps a backup; without both, none is deleted. Exits
    with 65 when the database does not have the product's schema, 69 when it is unavailable, 71 when folder, disk
    or pg_dump fails.
    """
    folder = Path(to)
    retention = Retention(count=keep, days=keep_days)
    made = run_interruptible(service(context.obj).back_up(folder))
    sys.stdout.write(f"{made.dump}\n")
    for line in describe_backup(made.manifest):
        typer.echo(line, err=True)
    gone, bad = prune_backups(folder, made, retention)
    if gone:
        typer.echo(f"{format_count(len(gone), 'older backup')} deleted", err=True)
    for line in bad:
        typer.echo(f"warning: not a valid backup, not deleted: {line}", err=True)
    return Exit.OK


def describe_backup(manifest: Manifest) -> list[str]:
    """Describe the content of a backup in a few lines."""
    contents = manifest.contents
    amounts = ", ".join(
        (format_count(len(contents.tables), "table"), format_count(contents.rows, "row"), format_size(manifest.size))
    )
    times = f"taken {format_time(manifest.taken_at)}, newest row {format_time(contents.newest_at)}"
    return [
        f"{manifest.name}: {amounts}, schema version {contents.version}",
        f"{times}, {format_count(contents.waiting, 'transition')} not yet published",
    ]


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


def restore(
    context: typer.Context,
    *,
    source: Annotated[
        str, typer.Option("--from", help="A backup's dump or manifest, or FOLDER/latest for the newest valid one.")
    ],
    verify_only: Annotated[
        bool, typer.Option("--verify-only", help="Only check the checksum and the table of contents; use no database.")
    ] = False,
) -> int:
    """Restore a backup into the database (DATABASE_URL), which must be empty: completely, or not at all.

    Stop worker and API first. Reports what the worker will publish and what is lost. Exits with 65 when the backup is
    damaged or foreign or the database is not empty, 69 when it is unavailable, 71 when there is no such backup, or
    pg_restore is missing or fails.
    """
    found, skipped = find_backup(Path(source))
    for line in skipped:
        typer.echo(f"warning: not a valid backup, skipped: {line}", err=True)
    if verify_only:
        run_interruptible(check_backup(found, folders(context.obj, load(context.obj).pg_bin_dir)))
        typer.echo("the backup is complete", err=True)
    else:
        restored = run_interruptible(service(context.obj).restore(found))
        sys.stdout.writelines(f"{line}\n" for line in describe_restore(found.manifest, restored))
    for line in describe_backup(found.manifest):
        typer.echo(line, err=True)
    return Exit.OK


def describe_restore(manifest: Manifest, restored: Restored) -> list[str]:
    """Describe what was restored and what is lost, in lines."""
    contents = manifest.contents
    amounts = f"{format_count(len(contents.tables), 'table')}, {format_count(contents.rows, 'row')}"
    newest = f"newest row {format_time(contents.newest_at)}"
    return [
        f"restored and compared: {amounts}, schema version {contents.version}, in {restored.took.total:.1f} s",
        f"lost: data after {format_time(manifest.taken_at)}, {format_duration(restored.age)} until now; {newest}",
        f"waiting: {format_count(contents.waiting, 'transition')}; readers recognise repeats by the event_id",
        f"continues: {format_count(restored.open_alerts, 'open alert')}",
    ]
