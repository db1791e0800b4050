"""`dict-rate-limit migrate`: migrations of the database schema."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Annotated, Final, Literal

import typer
from rich.text import Text

from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.cli.output import console_for, table_of
from dict_rate_limit.bootstrap.migrations import (
    MigrationStatus,
    migrate,
    migration_status,
    redo_migration,
    revert_migration,
)
from dict_rate_limit.settings import Program, load, required

Loss = Annotated[
    bool, typer.Option("--allow-data-loss", help="Delete rows that block the migration. This cannot be undone.")
]


HELP: Final = """Migrate the schema of the database (DATABASE_URL), forward or back.

Concurrent runs wait for one another. Exits with 65 when a migration failed or would delete rows, 69 when the database
is unavailable, 78 when DATABASE_URL is missing.
"""

group = typer.Typer(rich_markup_mode=None, help=HELP)


@group.command()
def up(context: typer.Context) -> int:
    """Apply every pending migration."""
    applied = asyncio.run(migrate(_url(context)))
    sys.stdout.writelines(f"{name}\n" for name in applied)
    typer.echo(f"{len(applied)} applied" if applied else "nothing to apply: the schema is up to date", err=True)
    return Exit.OK


@group.command()
def status(
    context: typer.Context,
    *,
    output: Annotated[Literal["table", "json"], typer.Option(help="A table, or JSON.")] = "table",
) -> int:
    """Show every migration and when it was applied. Changes nothing."""
    found = asyncio.run(migration_status(_url(context)))
    if output == "json":
        sys.stdout.write(json.dumps([_row(migration) for migration in found], indent=2) + "\n")
        return Exit.OK
    titles = ("VERSION", "MIGRATION", "APPLIED AT")
    table = table_of(*titles, breaking=titles)
    for row in map(_row, found):
        since = Text("not applied", style="yellow") if row["applied_at"] is None else Text(str(row["applied_at"]))
        table.add_row(Text(f"{row['version']:03}"), Text(str(row["name"] or "(known to newer code only)")), since)
    console_for(sys.stdout).print(table)
    return Exit.OK


@group.command()
def down(context: typer.Context, *, allow_data_loss: Loss = False) -> int:
    """Revert the last migration. Rejected if it would delete rows."""
    name = asyncio.run(revert_migration(_url(context), allow_data_loss=allow_data_loss))
    return _report(name, "reverted")


@group.command()
def redo(context: typer.Context, *, allow_data_loss: Loss = False) -> int:
    """Revert the last migration and apply it again. Rejected if it would delete rows."""
    name = asyncio.run(redo_migration(_url(context), allow_data_loss=allow_data_loss))
    return _report(name, "reverted and applied again")


def _report(name: str | None, what: str) -> int:
    if name is None:
        typer.echo("nothing to revert: no migration is applied", err=True)
        return Exit.OK
    sys.stdout.write(f"{name}\n")
    typer.echo(what, err=True)
    return Exit.OK


def _row(migration: MigrationStatus) -> dict[str, int | str | None]:
    since = None if migration.applied_at is None else migration.applied_at.isoformat(timespec="seconds")
    return {"version": migration.version, "name": migration.name, "applied_at": since}


def _url(context: typer.Context) -> str:
    return required(load(context.obj, program=Program.MIGRATE).database_url, "DATABASE_URL")
