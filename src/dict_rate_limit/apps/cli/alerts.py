"""`dict-rate-limit alerts`: list, show and acknowledge alerts of a running API."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.apps.cli.client import DEFAULT_URL, Reason, Token, TokenFile, Url, api_at, segment
from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.cli.output import (
    STYLES,
    Output,
    Shape,
    facts,
    format_time,
    lines,
    plain,
    print_response,
    table_of,
    words,
)
from dict_rate_limit.contract.alerts import Alert, AlertDetail, AlertList, Notification, Transition
from dict_rate_limit.contract.paths import ALERTS
from dict_rate_limit.texts.format import duration_text

STATUS_STYLES: Final = {"DELIVERED": "green", "PENDING": "yellow", "SUPPRESSED": "dim", "DEAD": "bold red"}
_TEST: Final = "DRILL"

AlertId = Annotated[str, typer.Argument(metavar="ID", help="Id of the alert, as in `alerts list`.")]


group = typer.Typer(rich_markup_mode=None, help="Show and acknowledge alerts. Needs a running API.")


@group.command("list")
def list_alerts(  # noqa: PLR0913 -- one argument per option
    *,
    state: Annotated[
        Literal["open", "all"], typer.Option(help="Open alerts, or also resolved ones and notices.")
    ] = "open",
    participant: Annotated[str | None, typer.Option(help="ISPB; by default all configured participants.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Maximum number of alerts.")] = 100,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """List alerts, the last opened first."""
    client = api_at(url, token, token_file)
    response = client.get(ALERTS, AlertList, participant=participant, state=state, limit=limit)
    if output is Output.TEXT and not response.document.alerts:
        typer.echo("no open alert" if state == "open" else "no alert", err=True)
        return Exit.OK
    return print_response(response, output, lambda found: alerts_view(found.alerts, SystemClock().now()))


@group.command()
def show(
    alert_id: AlertId,
    *,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """Show one alert, its transitions and its notifications."""
    response = api_at(url, token, token_file).get(f"{ALERTS}/{segment(alert_id)}", AlertDetail)
    return print_response(response, output, alert_view)


@group.command()
def acknowledge(  # noqa: PLR0913 -- one argument per option
    alert_id: AlertId,
    *,
    reason: Reason,
    span: Annotated[str | None, typer.Option("--for", help="Duration: 2h, 1h30m; at most 30 days (720h).")] = None,
    until: Annotated[str | None, typer.Option(help="End, in place of --for: 2026-11-23T18:00:00-03:00.")] = None,
    sequence: Annotated[
        int | None, typer.Option(min=1, help="Sequence of the alert as you saw it; rejected if it has changed since.")
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """Acknowledge an alert: no reminders until the given time, or until it escalates. Needs an operator's token.

    Exits with 65 when the alert is resolved, has changed, or is acknowledged by another operator. --sequence replaces
    that operator's acknowledgement.
    """
    path = f"{ALERTS}/{segment(alert_id)}/acknowledgement"
    body = {"reason": reason, "until": until, "for": span, "sequence": sequence}
    response = api_at(url, token, token_file).post(path, Alert, body)
    one = response.document
    text = plain(f"{about_text(one)}: acknowledged by {acknowledgement_text(one)}; sequence {one.sequence}")
    # Not by a console, which would break the line at the width of the terminal.
    sys.stdout.write((response.text if output is Output.JSON else text) + "\n")
    return Exit.OK


def alerts_view(alerts: Sequence[Alert], now: datetime) -> RenderableType:
    """Return a block for each alert: its subject, its id, how long it has been open, its acknowledgement."""
    table = table_of("SEVERITY", "STATE", "ALERT", breaking=("ALERT",))
    several = len({one.participant for one in alerts}) > 1
    for one in alerts:
        about = f"{about_text(one)} [{one.participant}]" if several else about_text(one)
        block = [words(about), words(str(one.alert_id), "dim")]
        if one.acknowledgement is not None:
            block.append(words(f"{'sent' if one.kind == _TEST else 'acknowledged'} by {acknowledgement_text(one)}"))
        table.add_row(severity_text(one), Text(_state(one, now)), lines(*block))
    return table


def alert_view(one: AlertDetail) -> RenderableType:
    """Return one alert: its facts, its transitions, then its notifications."""
    known = facts(
        ("alert", str(one.alert_id)),
        ("about", f"{about_text(one)}, participant {one.participant}"),
        ("severity", severity_text(one)),
        ("opened", format_time(one.opened_at)),
        ("resolved", "not yet" if one.resolved_at is None else format_time(one.resolved_at)),
        ("sent by" if one.kind == _TEST else "acknowledged", acknowledgement_text(one) or "no"),
        ("sequence", str(one.sequence)),
    )
    blocks: list[RenderableType] = [known, Text(), _transitions(one.transitions)]
    if one.notifications:
        blocks += [Text(), _notifications(one.notifications)]
    return Group(*blocks)


def about_text(one: Alert) -> str:
    """Return the subject of an alert."""
    return one.kind if one.policy_name == "*" else f"{one.policy_name} {one.kind}"


def severity_text(one: Alert) -> Text:
    """Return the severity in its colour."""
    text = words(one.severity, STYLES.get(one.severity, ""))
    return lines(text, Text("exhausted")) if one.exhausted else text


def acknowledgement_text(one: Alert) -> str:
    """Return actor, end and reason of an acknowledgement, or sender and reason of a test; empty without one."""
    acknowledgement = one.acknowledgement
    if acknowledgement is None:
        return ""
    until = "" if one.kind == _TEST else f" until {format_time(acknowledgement.until)}"
    return f"{acknowledgement.actor}{until}: {acknowledgement.reason}"


def _state(one: Alert, now: datetime) -> str:
    if one.resolved_at is None:
        return f"open for {duration_text(now - one.opened_at)}"
    length = one.resolved_at - one.opened_at
    return f"closed after {duration_text(length)}" if length else "closed at once"


def _transitions(transitions: Sequence[Transition]) -> RenderableType:
    table = table_of("#", "AT", "TRANSITION", "BROKER", "MESSAGE", breaking=("MESSAGE",))
    for one in transitions:
        table.add_row(
            Text(str(one.sequence)),
            Text(format_time(one.detected_at)),
            words(one.transition),
            _broker(one),
            words(one.message_en),
        )
    return table


def _broker(one: Transition) -> Text:
    if one.dead:
        return Text("dead", style="bold red")
    return Text("published", style="green") if one.published else Text("waiting", style="yellow")


def _notifications(notifications: Sequence[Notification]) -> RenderableType:
    table = table_of("#", "CHANNEL", "STATUS", "TRIES", "LAST ANSWER", breaking=("CHANNEL", "LAST ANSWER"))
    for one in notifications:
        table.add_row(
            Text(str(one.sequence)),
            words(one.channel),
            words(one.status, STATUS_STYLES.get(one.status, "")),
            Text(str(len(one.attempts))),
            words(answer_text(one)),
        )
    return table


def answer_text(one: Notification) -> str:
    """Return the last answer of a channel, or the silence that suppressed the notification, and the next attempt."""
    if one.silence_id is not None:
        return f"silence {one.silence_id}"
    last = f"{format_time(one.attempts[-1].at)} {one.attempts[-1].text}" if one.attempts else ""
    due = "" if one.next_try_at is None else f"due {format_time(one.next_try_at)}"
    return "; ".join(text for text in (last, due) if text)
