"""`dict-rate-limit silences`: silences and maintenance windows of a running API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.apps.cli.client import DEFAULT_URL, Reason, Token, TokenFile, Url, api_at, segment
from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.apps.cli.output import Output, Shape, format_time, lines, print_response, table_of, words
from dict_rate_limit.contract.paths import SILENCES
from dict_rate_limit.contract.silences import Silence, SilenceList

if TYPE_CHECKING:
    from rich.console import RenderableType

Glob = str | None


group = typer.Typer(
    rich_markup_mode=None, help="Suppress the notifications of some alerts for a while. Needs a running API."
)


@group.command("list")
def list_silences(
    *,
    ended: Annotated[bool, typer.Option("--ended", help="Ended silences, newest first.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """List active and future silences, the next to end first."""
    client = api_at(url, token, token_file)
    response = client.get(SILENCES, SilenceList, ended="true" if ended else "false")
    if output is Output.TEXT and not response.document.silences:
        typer.echo("no silence", err=True)
        return Exit.OK
    return print_response(response, output, lambda found: silences_view(found.silences, SystemClock().now()))


@group.command()
def create(  # noqa: PLR0913 -- one argument per option
    *,
    reason: Reason,
    policy: Annotated[Glob, typer.Option(help="Policies: CLAIMS_*; by default all.")] = None,
    kind: Annotated[Glob, typer.Option(help="Kinds of alerts: THRESHOLD; by default all.")] = None,
    severity: Annotated[Glob, typer.Option(help="Severities: WARNING; by default all.")] = None,
    participant: Annotated[Glob, typer.Option(help="Participants: 1234*; by default all.")] = None,
    purpose: Annotated[
        Literal["silence", "maintenance"], typer.Option(help="Known trouble, or planned maintenance.")
    ] = "silence",
    span: Annotated[str | None, typer.Option("--for", help="Duration from the start: 2h, 1h30m.")] = None,
    until: Annotated[str | None, typer.Option(help="End, in place of --for: 2026-11-23T18:00:00-03:00.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Start; by default now.")] = None,
    days: Annotated[str | None, typer.Option(help="Only on these days: MON,TUE,WED.")] = None,
    hours: Annotated[str | None, typer.Option(help="Only in these hours of those days: 22:00-02:00.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="Time zone of those hours: America/Sao_Paulo.")] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """Suppress the notifications of alerts that match all the given globs. Needs an operator's token.

    Globs support * and ?. Alerts still open and resolve. With --days, --hours and --time-zone the silence recurs until
    its end.
    """
    body = {
        "reason": reason,
        "purpose": purpose.upper(),
        "policy": policy,
        "kind": kind,
        "severity": severity,
        "participant": participant,
        "starts_at": start,
        "ends_at": until,
        "for": span,
        "recurrence": _recurrence(days, hours, time_zone),
    }
    response = api_at(url, token, token_file).post(SILENCES, Silence, body)
    return print_response(response, output, _single_view)


@group.command()
def end(
    silence_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the silence, as in `silences list`.")],
    *,
    reason: Reason,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """End a silence now. Needs an operator's token."""
    path = f"{SILENCES}/{segment(silence_id)}/end"
    response = api_at(url, token, token_file).post(path, Silence, {"reason": reason})
    return print_response(response, output, _single_view)


def _recurrence(days: str | None, hours: str | None, time_zone: str | None) -> dict[str, object] | None:
    if days is None and hours is None and time_zone is None:
        return None
    if days is None or hours is None or time_zone is None:
        raise CommandError(Exit.USAGE, "--days, --hours and --time-zone: give all three, or none")
    start, _, end_of = hours.partition("-")
    names = [day.strip().upper() for day in days.split(",")]
    return {"days": names, "start": start.strip(), "end": end_of.strip(), "time_zone": time_zone}


def _single_view(one: Silence) -> RenderableType:
    return silences_view((one,), SystemClock().now())


def silences_view(silences: Sequence[Silence], now: datetime) -> RenderableType:
    """Return a block for each silence: its state, its time, its globs, its id, its actor and reason."""
    table = table_of("STATE", "WHEN", "SILENCE", breaking=("SILENCE",))
    for one in silences:
        table.add_row(
            _state(one, now),
            lines(*(words(line) for line in _when(one, now))),
            lines(words(_matchers_text(one)), words(str(one.silence_id), "dim"), words(f"{one.actor}: {one.reason}")),
        )
    return table


def _matchers_text(one: Silence) -> str:
    globs = (("policy", one.policy), ("kind", one.kind), ("severity", one.severity), ("participant", one.participant))
    matched = ", ".join(f"{name}={glob}" for name, glob in globs if glob != "*") or "everything"
    return f"{one.purpose}: {matched}"


def _state(one: Silence, now: datetime) -> Text:
    if one.active:
        return Text("active", style="yellow")
    if one.ended_at is not None or one.ends_at <= now:
        return Text("over", style="dim")
    return Text("waits")


def _when(one: Silence, now: datetime) -> list[str]:
    when = [f"from {format_time(one.starts_at)}"] if one.starts_at > now else []
    if one.ended_at is None:
        when.append(f"until {format_time(one.ends_at)}")
    else:
        when.append(f"ended {format_time(one.ended_at)} by {one.ended_by}")
    if one.recurrence is not None:
        hours = one.recurrence
        when += [f"{','.join(hours.days)} {hours.start}-{hours.end}", hours.time_zone]
    return when
