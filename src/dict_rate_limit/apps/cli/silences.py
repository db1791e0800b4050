"""`dict-rate-limit silences`: silences and maintenance windows, by a running API."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Final

import typer

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.apps.cli.client import ROOT, Call
from dict_rate_limit.apps.cli.client_options import DEFAULT_URL, Reason, Token, TokenFile, Url, api_at, given, segment
from dict_rate_limit.apps.cli.documents import Silence, Silences
from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.apps.cli.output import Output, Shape, console_for
from dict_rate_limit.apps.cli.silences_table import silences_view

PATH: Final = ROOT + "/silences"


class Purpose(StrEnum):
    """Why nobody is told."""

    SILENCE = "silence"
    MAINTENANCE = "maintenance"


Glob = str | None


def register(app: typer.Typer, name: str) -> None:
    """Add the group of commands."""
    group = typer.Typer(rich_markup_mode=None)
    group.callback()(_group)
    group.command("list")(list_silences)
    group.command("create")(create)
    group.command("end")(end)
    app.add_typer(group, name=name)


def _group() -> None:
    """Keep people from being told of some alerts for a while. Asks a running API."""


def list_silences(
    *,
    ended: Annotated[bool, typer.Option("--ended", help="Those that are over, newest first.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """List the silences that hold or will, the next to end first."""
    params = {"ended": "true" if ended else "false"}
    text, found = api_at(url, token, token_file).call(Call(path=PATH, params=params), Silences)
    if output is Output.TEXT and not found.silences:
        typer.echo("no silence", err=True)
        return Exit.OK
    return _shown(text, found.silences, output)


def create(  # noqa: PLR0913 -- one argument per option
    *,
    reason: Reason,
    policy: Annotated[Glob, typer.Option(help="Which policies: CLAIMS_*; all when not given.")] = None,
    kind: Annotated[Glob, typer.Option(help="Which kinds of alert: THRESHOLD; all when not given.")] = None,
    severity: Annotated[Glob, typer.Option(help="Which severities: WARNING; all when not given.")] = None,
    participant: Annotated[Glob, typer.Option(help="Which participants: 1234*; all when not given.")] = None,
    purpose: Annotated[Purpose, typer.Option(help="Known trouble, or planned work.")] = Purpose.SILENCE,
    span: Annotated[str | None, typer.Option("--for", help="For how long from its start: 2h, 1h30m.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when, in place of --for: 2026-11-23T18:00:00-03:00.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="From when; now when not given.")] = None,
    days: Annotated[str | None, typer.Option(help="Only on these days: MON,TUE,WED.")] = None,
    hours: Annotated[str | None, typer.Option(help="Only in these hours of those days: 22:00-02:00.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="Whose clocks show those hours: America/Sao_Paulo.")] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """Silence the alerts that everything given matches. Needs an operator's token.

    Globs know * and ?. Alerts open and resolve as ever; people are not told. --days, --hours and --time-zone make it
    recur until its end.
    """
    body = given(
        reason=reason,
        purpose=purpose.value.upper(),
        policy=policy,
        kind=kind,
        severity=severity,
        participant=participant,
        starts_at=start,
        ends_at=until,
        for_=span,
    ) | _recurrence(days, hours, time_zone)
    text, made = api_at(url, token, token_file).call(Call(path=PATH, body=body), Silence)
    return _shown(text, (made,), output)


def end(
    silence_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the silence, as `silences list` shows it.")],
    *,
    reason: Reason,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """End a silence now. Needs an operator's token."""
    call = Call(path=f"{PATH}/{segment(silence_id)}/end", body={"reason": reason})
    text, ended = api_at(url, token, token_file).call(call, Silence)
    return _shown(text, (ended,), output)


def _recurrence(days: str | None, hours: str | None, time_zone: str | None) -> dict[str, object]:
    if days is None and hours is None and time_zone is None:
        return {}
    if days is None or hours is None or time_zone is None:
        raise CommandError(Exit.USAGE, "--days, --hours and --time-zone: give all three, or none")
    start, _, end_of = hours.partition("-")
    names = [day.strip().upper() for day in days.split(",")]
    return {"recurrence": {"days": names, "start": start.strip(), "end": end_of.strip(), "time_zone": time_zone}}


def _shown(text: str, silences: tuple[Silence, ...], output: Output) -> Exit:
    if output is Output.JSON:
        sys.stdout.write(text + "\n")
    else:
        console_for(sys.stdout).print(silences_view(silences, SystemClock().now()))
    return Exit.OK
