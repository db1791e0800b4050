"""Output formats, consoles, tables, and the formats of times, sizes and counts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final, TextIO, TypeVar

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.domain.timestamps import format_utc

if TYPE_CHECKING:
    # It imports httpx.
    from dict_rate_limit.apps.cli.client import ApiResponse

Document = TypeVar("Document")

STYLES: Final = {"CRITICAL": "bold red", "WARNING": "yellow", "UNKNOWN": "magenta", "OK": "green"}


class Output(StrEnum):
    """The formats of most commands."""

    TEXT = "text"
    JSON = "json"


Shape = Annotated[Output, typer.Option("--output", help="Text, or JSON.")]


def console_for(stream: TextIO) -> Console:
    """Return a console that uses colours on a terminal only, and no markup."""
    return Console(file=stream, highlight=False, markup=False, emoji=False)


def plain(text: str) -> str:
    """Replace characters that would move the cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def table_of(*titles: str, breaking: Iterable[str] = ()) -> Table:
    """Return an empty table. Only the columns in `breaking` wrap on a narrow terminal."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    loose = frozenset(breaking)
    for title in titles:
        table.add_column(title, no_wrap=title not in loose, overflow="fold")
    return table


def facts(*pairs: tuple[str, str | Text]) -> Table:
    """Return a list of names and values, one pair per line."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(name, value if isinstance(value, Text) else words(value))
    return table


def words(text: str, style: str = "") -> Text:
    """Return foreign text, which cannot move the cursor."""
    return Text(plain(text), style=style)


def lines(*texts: Text) -> Text:
    return Text("\n").join(texts)


def print_response(response: ApiResponse[Document], output: Output, view: Callable[[Document], RenderableType]) -> Exit:
    """Print a response of the API as it came, or as a view of its document; return the exit code."""
    if output is Output.JSON:
        sys.stdout.write(response.text + "\n")
    else:
        console_for(sys.stdout).print(view(response.document))
    return Exit.OK


_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


_STEP: Final = 1024


def format_duration(span: timedelta) -> str:
    """Format a duration with its two largest units: 2 d 3 h, 1 h 5 min, 12 s."""
    rest = int(span.total_seconds())
    parts: list[tuple[int, str]] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "0 s"


def format_time(moment: datetime | None) -> str:
    """Format a time in UTC, to the second; "none" for None."""
    return "none" if moment is None else format_utc(moment)


def format_size(size: int) -> str:
    """Format a number of bytes: 512 B, 1.2 MiB."""
    amount, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < _STEP:
            break
        amount, unit = amount / _STEP, larger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def format_count(count: int, one: str) -> str:
    """Format a count with its noun: 1 table, 34,567 rows."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"
