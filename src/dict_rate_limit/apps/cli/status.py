"""`dict-rate-limit status`: the level of every bucket, from a running API."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, Literal

import msgspec
import typer
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from dict_rate_limit.apps.cli.client import (
    DEFAULT_URL,
    ApiClient,
    ApiResponse,
    Token,
    TokenFile,
    Url,
    api_at,
)
from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.apps.cli.output import STYLES, console_for, plain
from dict_rate_limit.contract.paths import POLICIES
from dict_rate_limit.texts.format import duration_text


class PolicyRow(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a policy that `status` shows. An older API may lack those with a default."""

    policy_name: str
    capacity_max: int
    available_tokens: int
    utilization_pct: float | None
    status: str
    exhausted: bool = False
    enabled: bool = True


class PolicyTable(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of the list that `status` shows."""

    policies: tuple[PolicyRow, ...]
    participant: str = ""
    category: str | None = None
    age_seconds: int = 0


def fetch_policies(client: ApiClient, participant: str | None = None) -> ApiResponse[PolicyTable]:
    """Fetch the list of policies of a participant, by default the API's first."""
    return client.get(POLICIES, PolicyTable, participant=participant)


Fetch = Callable[[], ApiResponse[PolicyTable]]

WIDEST: Final = 100
_NARROWEST_BAR: Final = 4
_TROUBLES: Final = ("CRITICAL", "WARNING", "UNKNOWN")  # worst first; other levels come last

# The next request may succeed after these. A rejected token stays rejected.
_TRANSIENT: Final = frozenset({Exit.UNAVAILABLE, Exit.PROTOCOL})


def status(  # noqa: PLR0913 - one argument per option
    *,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    participant: Annotated[str | None, typer.Option(help="ISPB; the API's first when not given.")] = None,
    output: Annotated[
        Literal["table", "json"], typer.Option(help="A table, or the JSON document of the API.")
    ] = "table",
    watch: Annotated[bool, typer.Option("--watch", help="Refresh until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option(min=1, max=3600, help="Seconds between two requests of --watch.")] = 5,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1, 2, 3 when the worst is WARNING, CRITICAL, UNKNOWN/STALE.")
    ] = False,
) -> int:
    """Show the level of every bucket, worst first.

    Needs a running API. Data goes to stdout, messages to stderr. Exits with 0 when the API answers (also a STALE
    reading), 69 when it does not answer or has no reading, 76 when the server is not the API, 77 when the token is
    missing or not accepted, 64 when the participant or URL is rejected.
    """
    client = api_at(url, token, token_file)

    def fetch() -> ApiResponse[PolicyTable]:
        return fetch_policies(client, participant)

    if watch:
        loop = watch_json if output == "json" else watch_table
        return loop(fetch, interval)
    answer = fetch()
    console = console_for(sys.stdout)
    if output == "json":
        sys.stdout.write(answer.text + "\n")
    else:
        console.print(status_view(answer, console.width))
    if answer.stale:
        typer.echo(f"STALE: the reading is {age_text(answer.document)} old; no newer one is available", err=True)
    return _worst(answer) if exit_code else Exit.OK


def _worst(answer: ApiResponse[PolicyTable]) -> Exit:
    levels = {policy.status for policy in answer.document.policies if policy.enabled}
    if "CRITICAL" in levels:
        return Exit.CRITICAL
    if "WARNING" in levels:
        return Exit.WARNING
    return Exit.UNKNOWN if answer.stale or not levels <= {"OK"} else Exit.OK


def status_view(answer: ApiResponse[PolicyTable], width: int) -> RenderableType:
    """Lay out the list for so many columns: a summary line, then every bucket, worst first."""
    rows = sorted(answer.document.policies, key=_rank)
    summary = _summary(answer, rows)
    return Group(summary, _table(answer.document, rows, min(width, WIDEST))) if rows else summary


def age_text(listing: PolicyTable) -> str:
    """Return the age of the reading."""
    return duration_text(timedelta(seconds=max(0, listing.age_seconds)))


def _rank(row: PolicyRow) -> tuple[bool, int, bool, float, str]:
    trouble = _TROUBLES.index(row.status) if row.status in _TROUBLES else len(_TROUBLES)
    return not row.enabled, trouble, not row.exhausted, -(row.utilization_pct or 0.0), row.policy_name


def _summary(answer: ApiResponse[PolicyTable], rows: list[PolicyRow]) -> Text:
    listing = answer.document
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


def _table(listing: PolicyTable, rows: list[PolicyRow], width: int) -> Table:
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
    """The tokens left: empty only at zero, full only at the capacity."""

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


def watch_table(fetch: Fetch, interval: float, sleep: Callable[[float], None] = time.sleep) -> Exit:
    """Print the table again and again; on a terminal it replaces the previous one."""
    console = console_for(sys.stdout)
    if not console.is_terminal:
        return _watch(fetch, _Printer(answer=lambda answer: _print(console, answer), trouble=_report), interval, sleep)
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        screen = _Printer(
            answer=lambda answer: live.update(status_view(answer, console.width), refresh=True),
            trouble=lambda words, last: live.update(_trouble_view(words, last, console.width), refresh=True),
        )
        return _watch(fetch, screen, interval, sleep)


def watch_json(fetch: Fetch, interval: float, sleep: Callable[[float], None] = time.sleep) -> Exit:
    """Print one JSON document per line."""
    return _watch(fetch, _Printer(answer=_write, trouble=_report), interval, sleep)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Printer:
    """How answers are printed, and errors with the last answer before them."""

    answer: Callable[[ApiResponse[PolicyTable]], None]
    trouble: Callable[[str, ApiResponse[PolicyTable] | None], None]


def _watch(fetch: Fetch, printer: _Printer, interval: float, sleep: Callable[[float], None]) -> Exit:
    last: ApiResponse[PolicyTable] | None = None
    try:
        while True:
            try:
                last = fetch()
                printer.answer(last)
            except CommandError as error:
                if error.code not in _TRANSIENT:
                    raise
                printer.trouble(str(error), last)
            sleep(interval)
    except KeyboardInterrupt:
        return Exit.OK


def _trouble_view(words: str, last: ApiResponse[PolicyTable] | None, width: int) -> RenderableType:
    if last is None:
        return Text(words, style="bold red")
    return Group(Text(f"{words}; the last answer follows", style="bold red"), status_view(last, width))


def _report(message: str, _last: ApiResponse[PolicyTable] | None) -> None:
    typer.echo(message, err=True)


def _print(console: Console, answer: ApiResponse[PolicyTable]) -> None:
    console.print(status_view(answer, console.width))
    console.print()
    console.file.flush()


def _write(answer: ApiResponse[PolicyTable]) -> None:
    sys.stdout.write(answer.text + "\n")
    sys.stdout.flush()
