"""Output formats, consoles, tables and lists of facts, as every command prints them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

STYLES: Final = {"CRITICAL": "bold red", "WARNING": "yellow", "UNKNOWN": "magenta", "OK": "green"}


def console_for(stream: TextIO) -> Console:
    """Make a console that colours only on a terminal and takes no text for markup."""
    return Console(file=stream, highlight=False, markup=False, emoji=False)


def plain(text: str) -> str:
    """Replace what would move the cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def table_of(*titles: str, breaking: Iterable[str] = ()) -> Table:
    """Begin a table; only the columns named in `breaking` break their lines where it is narrow."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    loose = frozenset(breaking)
    for title in titles:
        table.add_column(title, no_wrap=title not in loose, overflow="fold")
    return table


def facts(*pairs: tuple[str, str | Text]) -> Table:
    """Lay out what is to say, a fact a line."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(name, value if isinstance(value, Text) else words(value))
    return table


def words(text: str, style: str = "") -> Text:
    """Show text from elsewhere; it cannot move the cursor."""
    return Text(plain(text), style=style)


def lines(*texts: Text) -> Text:
    """Put texts one below the other."""
    return Text("\n").join(texts)


class Output(StrEnum):
    """Shape of the data."""

    TEXT = "text"
    JSON = "json"


Shape = Annotated[Output, typer.Option("--output", help="Text for people, or the document as it came.")]
