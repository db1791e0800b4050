"""`dict-rate-limit alerts`: what is open, what happened, and taking it up, by a running API."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Final

import typer

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.apps.cli.alerts_table import alert_view, alerts_view, taken_up_text
from dict_rate_limit.apps.cli.client import ROOT, Call
from dict_rate_limit.apps.cli.client_options import DEFAULT_URL, Reason, Token, TokenFile, Url, api_at, given, segment
from dict_rate_limit.apps.cli.documents import Alert, AlertDetail, Alerts
from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.cli.output import Output, Shape, console_for

PATH: Final = ROOT + "/alerts"

AlertId = Annotated[str, typer.Argument(metavar="ID", help="Id of the alert, as `alerts list` shows it.")]


class State(StrEnum):
    """Which alerts."""

    OPEN = "open"
    ALL = "all"


def register(app: typer.Typer, name: str) -> None:
    """Add the group of commands."""
    group = typer.Typer(rich_markup_mode=None)
    group.callback()(_group)
    group.command("list")(list_alerts)
    group.command("show")(show)
    group.command("acknowledge")(acknowledge)
    app.add_typer(group, name=name)


def _group() -> None:
    """Show alerts, and take them up. Asks a running API."""


def list_alerts(  # noqa: PLR0913 -- one argument per option
    *,
    state: Annotated[State, typer.Option(help="Open ones, or also resolved ones and notices.")] = State.OPEN,
    participant: Annotated[str | None, typer.Option(help="ISPB; all that are watched when not given.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """List alerts, the last opened first."""
    params = {name: str(value) for name, value in given(participant=participant, state=state, limit=limit).items()}
    text, found = api_at(url, token, token_file).call(Call(path=PATH, params=params), Alerts)
    if output is Output.JSON:
        sys.stdout.write(text + "\n")
    elif found.alerts:
        console_for(sys.stdout).print(alerts_view(found.alerts, SystemClock().now()))
    else:
        typer.echo("no open alert" if state is State.OPEN else "no alert", err=True)
    return Exit.OK


def show(
    alert_id: AlertId,
    *,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """Show one alert, its transitions, and who was told of them."""
    path = f"{PATH}/{segment(alert_id)}"
    text, found = api_at(url, token, token_file).call(Call(path=path), AlertDetail)
    if output is Output.JSON:
        sys.stdout.write(text + "\n")
    else:
        console_for(sys.stdout).print(alert_view(found))
    return Exit.OK


def acknowledge(  # noqa: PLR0913 -- one argument per option
    alert_id: AlertId,
    *,
    reason: Reason,
    span: Annotated[str | None, typer.Option("--for", help="For how long: 2h, 1h30m; at most 30 days (720h).")] = None,
    until: Annotated[str | None, typer.Option(help="Until when, in place of --for: 2026-11-23T18:00:00-03:00.")] = None,
    sequence: Annotated[
        int | None, typer.Option(min=1, help="That of the alert as you saw it; refused when it has moved on.")
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """Take an alert up: nobody is reminded of it until then, or until it gets worse. Needs an operator's token.

    Ends with 65 when it is resolved, has moved on, or somebody has it: --sequence takes it over from them.
    """
    body = given(reason=reason, until=until, for_=span, sequence=sequence)
    call = Call(path=f"{PATH}/{segment(alert_id)}/acknowledgement", body=body)
    text, found = api_at(url, token, token_file).call(call, Alert)
    sys.stdout.write((text if output is Output.JSON else taken_up_text(found)) + "\n")
    return Exit.OK
