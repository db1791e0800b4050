"""`dict-rate-limit config`: every setting, its value, and the origin of the value."""

from __future__ import annotations

import json
import sys
from itertools import groupby
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.cli.output import console_for
from dict_rate_limit.settings import Program, SettingOrigin, Settings, load
from dict_rate_limit.settings.definition import Definition, Secrecy
from dict_rate_limit.settings.fields import definitions


def config(
    context: typer.Context,
    *,
    output: Annotated[
        Literal["table", "json", "markdown"], typer.Option(help="A table, JSON, or the Markdown reference.")
    ] = "table",
    program: Annotated[
        Program | None, typer.Option("--for", help="Also check the settings that this program requires.")
    ] = None,
) -> int:
    """Show every setting, its value, and the origin of the value. Secrets are hidden.

    Exits with 78 when settings are invalid; every problem is listed on stderr.
    """
    if output == "markdown":
        sys.stdout.write(reference())
        return Exit.OK
    settings = load(context.obj, program=program)
    if output == "json":
        sys.stdout.write(json.dumps(_rows(settings), indent=2, ensure_ascii=False) + "\n")
    else:
        _print(settings)
    return Exit.OK


def _rows(settings: Settings) -> list[dict[str, str | None]]:
    return [
        {"name": name, "value": found.shown, "origin": found.origin, "description": definitions()[name].doc}
        for name, found in settings.provenance.items()
    ]


def _print(settings: Settings) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("SETTING", no_wrap=True)
    table.add_column("VALUE", overflow="fold")
    table.add_column("FROM", no_wrap=True)
    for name, found in settings.provenance.items():
        value = Text("not set", style="dim") if found.shown is None else Text(found.shown)
        table.add_row(
            Text(name), value, Text(found.origin, style="dim" if found.origin is SettingOrigin.DEFAULT else "bold")
        )
    console_for(sys.stdout).print(table)


def reference() -> str:
    """Return the reference of all settings in Markdown, one table per section; docs/configuration.md contains it."""
    grouped = groupby(definitions().items(), key=lambda item: item[1].section)
    return "\n".join(_section(title, list(items)) for title, items in grouped)


def _section(title: str, items: list[tuple[str, Definition]]) -> str:
    head = f"### {title}\n\n| variable | default | expected | description |\n|---|---|---|---|\n"
    return head + "".join(_row(name, definition) for name, definition in items)


def _row(name: str, definition: Definition) -> str:
    default = "" if definition.default is None else f"`{definition.default}`"
    cells = (f"`{name}`", default, definition.type.expected, " ".join(_description(definition)))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _description(definition: Definition) -> list[str]:
    sentences = [definition.doc]
    if definition.needed_by:
        sentences.append(f"Needed by {', '.join(definition.needed_by)}.")
    if definition.secrecy is not Secrecy.OPEN:
        sentences.append("Secret: may also be read from a file.")
    return sentences
