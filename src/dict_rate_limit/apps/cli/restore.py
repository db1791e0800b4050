"""`dict-rate-limit restore`: a backup into an empty database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.postgres.backup import directory
from dict_rate_limit.adapters.postgres.backup import restore as restoring
from dict_rate_limit.adapters.postgres.backup.tools import find_tools
from dict_rate_limit.apps.cli.backup import described
from dict_rate_limit.apps.cli.backup_target import folders, place
from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.cli.formatting import count_text, moment_text, span_text
from dict_rate_limit.apps.cli.signals import run_interruptible
from dict_rate_limit.settings import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dict_rate_limit.adapters.postgres.backup.directory import Backup


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name)(restore)


def restore(
    context: typer.Context,
    *,
    source: Annotated[
        str, typer.Option("--from", help="A backup's dump or manifest, or FOLDER/latest for the newest good one.")
    ],
    verify_only: Annotated[
        bool, typer.Option("--verify-only", help="Check the backup, touch no database: checksum and table of contents.")
    ] = False,
) -> int:
    """Restore a backup into the database (DATABASE_URL), which must be empty: all of it, or nothing.

    Stop worker and API first. Says what waits to be told, and what is lost. Ends with 65 when the backup is damaged or
    foreign or the database is not empty, 69 when it cannot be reached, 71 when there is no such backup, or pg_restore
    is missing or fails.
    """
    found, skipped = directory.find(Path(source))
    for line in skipped:
        typer.echo(f"warning: not a good backup, passed over: {line}", err=True)
    if verify_only:
        run_interruptible(_check(found, context.obj))
        typer.echo("the backup is whole", err=True)
    else:
        restored = run_interruptible(_restore(found, context.obj))
        sys.stdout.writelines(f"{line}\n" for line in restored)
    for line in described(found.manifest):
        typer.echo(line, err=True)
    return Exit.OK


async def _check(found: Backup, environ: Mapping[str, str]) -> None:
    tools = await find_tools(folders(environ, load(environ).pg_bin_dir), found.manifest.tools_major)
    await restoring.check(found, tools)


async def _restore(found: Backup, environ: Mapping[str, str]) -> list[str]:
    here = place(environ)
    took = await restoring.restore(here, found)
    open_alerts = await restoring.leave_gap(here, found)
    contents, age = found.manifest.contents, found.manifest.age(SystemClock().now())
    amounts = f"{count_text(len(contents.tables), 'table')}, {count_text(contents.rows, 'row')}"
    newest = f"newest row {moment_text(contents.newest_at)}"
    return [
        f"restored and compared: {amounts}, schema version {contents.version}, in {took.total:.1f} s",
        f"lost: what came after {moment_text(found.manifest.taken_at)}, {span_text(age)} until now; {newest}",
        f"waiting: {count_text(contents.waiting, 'transition')}; readers know again what they had, by the event_id",
        f"going on: {count_text(open_alerts, 'open alert')}",
    ]
