"""`dict-rate-limit backup`: the database as a file, with what is needed to trust it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dict_rate_limit.apps.cli.backup_target import service
from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.cli.formatting import count_text, moment_text, size_text
from dict_rate_limit.apps.cli.signals import run_interruptible
from dict_rate_limit.bootstrap.backup import delete_old_backups
from dict_rate_limit.domain.recovery import Retention

if TYPE_CHECKING:
    from dict_rate_limit.domain.recovery import Manifest


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name)(backup)


def backup(
    context: typer.Context,
    *,
    to: Annotated[str, typer.Option(help="Folder for backups of this database; it must be there.")],
    keep: Annotated[
        int | None, typer.Option(min=1, help="Keep the newest so many, delete older ones after success.")
    ] = None,
    keep_days: Annotated[int | None, typer.Option(min=1, help="Keep all that are younger than so many days.")] = None,
) -> int:
    """Back the database (DATABASE_URL) up into a folder: a dump and its manifest, whole or not at all.

    Writes the path of the dump to stdout. Of --keep and --keep-days, either keeps a backup; without both, all stay.
    Ends with 65 when there is nothing of ours in the database, 69 when it cannot be reached, 71 when the folder, the
    disk or pg_dump refuse.
    """
    folder = Path(to)
    retention = Retention(count=keep, days=keep_days)
    made = run_interruptible(service(context.obj).back_up(folder))
    sys.stdout.write(f"{made.dump}\n")
    for line in described(made.manifest):
        typer.echo(line, err=True)
    gone, bad = delete_old_backups(folder, made, retention)
    if gone:
        typer.echo(f"{count_text(len(gone), 'older backup')} deleted", err=True)
    for line in bad:
        typer.echo(f"warning: not a good backup, left alone: {line}", err=True)
    return Exit.OK


def described(manifest: Manifest) -> list[str]:
    """Say in a few lines what a backup holds."""
    contents = manifest.contents
    amounts = ", ".join(
        (count_text(len(contents.tables), "table"), count_text(contents.rows, "row"), size_text(manifest.size))
    )
    times = f"taken {moment_text(manifest.taken_at)}, newest row {moment_text(contents.newest_at)}"
    return [
        f"{manifest.name}: {amounts}, schema version {contents.version}",
        f"{times}, {count_text(contents.waiting, 'transition')} not yet published",
    ]
