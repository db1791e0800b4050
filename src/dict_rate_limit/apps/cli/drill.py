"""`dict-rate-limit drill`: rehearse a restore on a copy, or send a test alert."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dict_rate_limit.apps.cli.backup import describe_backup, service
from dict_rate_limit.apps.cli.drill_alert import alert
from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.apps.cli.output import Output, format_count, format_duration, format_time
from dict_rate_limit.apps.cli.signals import run_interruptible
from dict_rate_limit.domain.text import without_password

if TYPE_CHECKING:
    from dict_rate_limit.bootstrap.backup import Drilled

NEW_BACKUP: Final = (
    "this backup is new: in a real loss the RPO is the age of the last scheduled one,",
    "which `drill restore --from FOLDER/latest` shows",
)


group = typer.Typer(rich_markup_mode=None, help="Rehearse a restore on a copy of the database, or send a test alert.")
group.command()(alert)


@group.command()
def restore(
    context: typer.Context,
    *,
    source: Annotated[
        str | None,
        typer.Option("--from", help="An existing backup (FOLDER/latest: the newest), instead of a new one."),
    ] = None,
    to: Annotated[str | None, typer.Option(help="Folder for the new backup; without it the backup is deleted.")] = None,
    into: Annotated[
        str | None, typer.Option(help="Address of an empty database, instead of a temporary one on the same server.")
    ] = None,
    output: Annotated[Output, typer.Option(help="Text, or JSON.")] = Output.TEXT,
) -> int:
    """Back up, restore into a temporary database, compare every table, drop it, and report what a loss now would cost.

    The database itself (DATABASE_URL) is only read.

    The temporary database needs the privilege CREATEDB and as much disk space as the real one; --into needs neither on
    this server. The password for --into comes from PGPASSFILE or PGPASSWORD. Exit codes as for `restore`.
    """
    if into is not None and without_password(into) != into:
        message = (
            "--into: expected an address without a password, as other users could read it; use PGPASSFILE or PGPASSWORD"
        )
        raise CommandError(Exit.USAGE, message)
    if source is not None and to is not None:
        raise CommandError(Exit.USAGE, "--from and --to: give one of them")
    backup, folder = (None if name is None else Path(name) for name in (source, to))
    drilled = run_interruptible(service(context.obj).drill(backup, folder, into))
    if output is Output.JSON:
        sys.stdout.write(json.dumps(_document(drilled), indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in report(drilled))
    return Exit.OK


def report(drilled: Drilled) -> list[str]:
    """Return the report of a drill as lines."""
    manifest, took = drilled.manifest, drilled.took
    contents = manifest.contents
    amounts = f"{format_count(len(contents.tables), 'table')}, {format_count(contents.rows, 'row')}"
    taken = format_time(manifest.taken_at)
    after = f"{format_count(drilled.polls_after, 'poll')} and {format_count(drilled.transitions_after, 'transition')}"
    steps = f"check {took.check:.1f}, restore {took.restore:.1f}, compare {took.compare:.1f}"
    lines = [
        ("backup", "made for this drill" if drilled.made else "an existing one"),
        *(("", line) for line in describe_backup(manifest)),
        ("compared", f"{amounts}: equal in number and content; the copy was dropped"),
        ("RPO", f"{format_duration(manifest.age(drilled.now))}: a loss now would lose data after {taken}"),
        ("", f"so far {after} since the newest row in the backup"),
        *((("", line) for line in NEW_BACKUP) if drilled.made else ()),
        ("RTO", f"{took.total:.1f} s: {steps}"),
        ("", "not measured: detection, a server, fetching the backup, starting the product"),
        ("resumes", f"the worker would publish {format_count(contents.waiting, 'transition')}"),
    ]
    return [f"{label:<9} {text}" for label, text in lines]


def _document(drilled: Drilled) -> dict[str, object]:
    manifest, took = drilled.manifest, drilled.took
    newest = manifest.contents.newest_at
    return {
        "backup": manifest.name,
        "made_for_this_drill": drilled.made,
        "taken_at": format_time(manifest.taken_at),
        "newest_at": None if newest is None else format_time(newest),
        "schema_version": manifest.contents.version,
        "tables": len(manifest.contents.tables),
        "rows": manifest.contents.rows,
        "bytes": manifest.size,
        "equal": True,
        "rpo_seconds": round(manifest.age(drilled.now).total_seconds(), 1),
        "polls_after": drilled.polls_after,
        "transitions_after": drilled.transitions_after,
        "rto_seconds": round(took.total, 2),
        "check_seconds": round(took.check, 2),
        "restore_seconds": round(took.restore, 2),
        "compare_seconds": round(took.compare, 2),
        "waiting": manifest.contents.waiting,
    }
