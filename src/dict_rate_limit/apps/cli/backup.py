"""`dict-rate-limit backup`: a dump of the database with a manifest to verify it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dict_rate_limit.apps.cli.backup_target import service
from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.cli.output import format_count, format_size, format_time
from dict_rate_limit.apps.cli.signals import run_interruptible
from dict_rate_limit.bootstrap.backup import prune_backups
from dict_rate_limit.domain.recovery import Manifest, Retention


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
