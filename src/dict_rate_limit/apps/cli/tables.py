"""Tables and lists of facts, as every view of the command line lays them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from dict_rate_limit.apps.cli.status_table import plain

if TYPE_CHECKING:
    from collections.abc import Iterable


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
