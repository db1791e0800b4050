"""`dict-rate-limit restore`: restore a backup into an empty database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dict_rate_limit.apps.cli.backup import describe_backup
from dict_rate_limit.apps.cli.backup_target import folders, service
from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.cli.output import format_count, format_duration, format_time
from dict_rate_limit.apps.cli.signals import run_interruptible
from dict_rate_limit.bootstrap.backup import check_backup, find_backup
from dict_rate_limit.settings import load

if TYPE_CHECKING:
    from dict_rate_limit.bootstrap.backup import Restored
    from dict_rate_limit.domain.recovery import Manifest


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
        sys.stdout.writelines(f"{line}\n" for line in report(found.manifest, restored))
    for line in describe_backup(found.manifest):
        typer.echo(line, err=True)
    return Exit.OK


def report(manifest: Manifest, restored: Restored) -> list[str]:
    """Say line by line what was restored and what is lost."""
    contents = manifest.contents
    amounts = f"{format_count(len(contents.tables), 'table')}, {format_count(contents.rows, 'row')}"
    newest = f"newest row {format_time(contents.newest_at)}"
    return [
        f"restored and compared: {amounts}, schema version {contents.version}, in {restored.took.total:.1f} s",
        f"lost: data after {format_time(manifest.taken_at)}, {format_duration(restored.age)} until now; {newest}",
        f"waiting: {format_count(contents.waiting, 'transition')}; readers recognise repeats by the event_id",
        f"continues: {format_count(restored.open_alerts, 'open alert')}",
    ]
