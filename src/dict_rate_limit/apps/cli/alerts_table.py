"""Alerts as a person reads them in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.text import Text

from dict_rate_limit.apps.cli.formatting import moment_text
from dict_rate_limit.apps.cli.output import STYLES, facts, lines, plain, table_of, words
from dict_rate_limit.texts.format import duration_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from dict_rate_limit.apps.cli.documents import Alert, AlertDetail, Notification, Transition

_TEST: Final = "DRILL"
STATUS_STYLES: Final = {"DELIVERED": "green", "PENDING": "yellow", "SUPPRESSED": "dim", "DEAD": "bold red"}


def alerts_view(alerts: Sequence[Alert], now: datetime) -> RenderableType:
    """Lay out alerts, a block each: what it is about, its id, how long it is open, and who has it."""
    table = table_of("SEVERITY", "STATE", "ALERT", breaking=("ALERT",))
    several = len({one.participant for one in alerts}) > 1
    for one in alerts:
        about = f"{about_text(one)} [{one.participant}]" if several else about_text(one)
        said = [words(about), words(one.alert_id, "dim")]
        if one.acknowledgement is not None:
            said.append(words(f"{'sent' if one.kind == _TEST else 'taken up'} by {taken_up_by(one)}"))
        table.add_row(severity_text(one), Text(_state(one, now)), lines(*said))
    return table


def alert_view(one: AlertDetail) -> RenderableType:
    """Lay out one alert: what is known, its transitions, then its notifications."""
    known = facts(
        ("alert", one.alert_id),
        ("about", f"{about_text(one)}, participant {one.participant}"),
        ("severity", severity_text(one)),
        ("opened", moment_text(one.opened_at)),
        ("resolved", "not yet" if one.resolved_at is None else moment_text(one.resolved_at)),
        ("sent by" if one.kind == _TEST else "taken up by", taken_up_by(one) or "nobody"),
        ("sequence", str(one.sequence)),
    )
    parts: list[RenderableType] = [known, Text(), _transitions(one.transitions)]
    if one.notifications:
        parts += [Text(), _notifications(one.notifications)]
    return Group(*parts)


def taken_up_text(one: Alert) -> str:
    """Say in one line who has an alert now."""
    return plain(f"{about_text(one)}: taken up by {taken_up_by(one) or 'nobody'}; sequence {one.sequence}")


def about_text(one: Alert) -> str:
    """Say what an alert is about."""
    return one.kind if one.policy_name == "*" else f"{one.policy_name} {one.kind}"


def severity_text(one: Alert) -> Text:
    """Write the severity in its colour."""
    text = words(one.severity, STYLES.get(one.severity, ""))
    return lines(text, Text("exhausted")) if one.exhausted else text


def taken_up_by(one: Alert) -> str:
    """Say who has an alert, until when and why, or who sent a test and why; nothing when nobody took it up."""
    taken = one.acknowledgement
    if taken is None:
        return ""
    until = "" if one.kind == _TEST else f" until {moment_text(taken.until)}"
    return f"{taken.actor}{until}: {taken.reason}"


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
            Text(moment_text(one.detected_at)),
            words(one.transition),
            _broker(one),
            words(one.message_en),
        )
    return table


def _broker(one: Transition) -> Text:
    if one.dead:
        return Text("given up", style="bold red")
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
    """Say what a channel last answered, why it was not asked, and when it is asked again."""
    if one.silence_id is not None:
        return f"silence {one.silence_id}"
    said = f"{moment_text(one.attempts[-1].at)} {one.attempts[-1].text}" if one.attempts else ""
    again = "" if one.next_try_at is None else f"due {moment_text(one.next_try_at)}"
    return "; ".join(part for part in (said, again) if part)
