"""The list of buckets as a person reads it in a terminal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from dict_rate_limit.apps.cli.output import STYLES, plain
from dict_rate_limit.texts.format import duration_text

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType, RenderResult

    from dict_rate_limit.apps.cli.client import ListAnswer, Listing, PolicyRow

WIDEST: Final = 100
_NARROWEST_BAR: Final = 4
_TROUBLES: Final = ("CRITICAL", "WARNING", "UNKNOWN")  # worst first; what is none of them comes last


def status_view(answer: ListAnswer, width: int) -> RenderableType:
    """Lay out an answer for so many columns: a line on the whole, then every bucket, worst first."""
    rows = sorted(answer.listing.policies, key=_rank)
    summary = _summary(answer, rows)
    return Group(summary, _table(answer.listing, rows, min(width, WIDEST))) if rows else summary


def age_text(listing: Listing) -> str:
    """Write how old the reading is."""
    return duration_text(timedelta(seconds=max(0, listing.age_seconds)))


def _rank(row: PolicyRow) -> tuple[bool, int, bool, float, str]:
    trouble = _TROUBLES.index(row.status) if row.status in _TROUBLES else len(_TROUBLES)
    return not row.enabled, trouble, not row.exhausted, -(row.utilization_pct or 0.0), row.policy_name


def _summary(answer: ListAnswer, rows: list[PolicyRow]) -> Text:
    listing = answer.listing
    text = Text(f"{plain(listing.participant)}, category {plain(listing.category or 'unknown')}: ")
    text.append(f"{len(rows)} policies")
    counted = Counter(row.status for row in rows if row.enabled)
    for level in _TROUBLES:
        if counted[level]:
            text.append(", ").append(f"{counted[level]} {level}", style=STYLES[level])
    if muted := len(rows) - counted.total():
        text.append(f", {muted} without alerts")
    text.append(f"; read {age_text(listing)} ago")
    return text.append(", ").append("STALE", style="bold red") if answer.stale else text


def _table(listing: Listing, rows: list[PolicyRow], width: int) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True, width=width, header_style="bold")
    table.add_column("LEVEL", no_wrap=True)
    table.add_column("POLICY", overflow="fold")
    table.add_column("LEFT", ratio=1)
    for title in ("TOKENS", "USED", "AGE"):
        table.add_column(title, justify="right", no_wrap=True)
    age = age_text(listing).split(" ")
    for row in rows:
        style = STYLES.get(row.status, "") if row.enabled else "dim"
        table.add_row(
            Text(plain(row.status), style=style),
            Text(plain(row.policy_name)) if row.enabled else Text(f"{plain(row.policy_name)} (no alerts)", style="dim"),
            _Bar(row.available_tokens, row.capacity_max, style),
            Text(f"{row.available_tokens} of {row.capacity_max}"),
            Text("?" if row.utilization_pct is None else f"{row.utilization_pct:.1f}%"),
            Text(f"{age[0]}{age[1][0]}"),
        )
    return table


@dataclass(frozen=True, slots=True)
class _Bar:
    """What is left of a bucket; empty only when nothing is, full only when everything is."""

    available: int
    capacity: int
    style: str

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        full, rest = ("#", ".") if options.ascii_only else ("█", "░")
        filled = max(0, min(width, self.available * width // self.capacity)) if self.capacity > 0 else 0
        if filled == 0 and self.available > 0 and self.capacity > 0:
            filled = 1
        yield Text(full * filled, style=self.style).append(rest * (width - filled), style="dim")

    def __rich_measure__(self, _console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(_NARROWEST_BAR, options.max_width), options.max_width)
