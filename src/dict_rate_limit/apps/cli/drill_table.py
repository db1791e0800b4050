"""The way of a test alert as a person reads it in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from dict_rate_limit.apps.cli.alerts_table import STATUS_STYLES, answer_text
from dict_rate_limit.apps.cli.formatting import count_text, moment_text
from dict_rate_limit.apps.cli.output import table_of, words

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dict_rate_limit.apps.cli.documents import Drill, Notification


def drill_view(drill: Drill) -> RenderableType:
    """Lay out the steps in their order: what stands, what is awaited, what failed."""
    table = table_of("STEP", "STATE", "TRIES", "WHAT", breaking=("STEP", "WHAT"))
    told = [one for one in drill.transitions if one.published]
    dead = any(one.dead for one in drill.transitions)
    channels = {one.channel for one in drill.notifications}
    table.add_row("kept", _step(done=True), "", words(drill.alert_id))
    table.add_row(
        "published",
        Text("given up", style="bold red") if dead else _step(done=drill.published),
        "",
        Text(f"{len(told)} of {count_text(len(drill.transitions), 'transition')}"),
    )
    whom = count_text(len(channels), "channel") if channels else "no channel is configured"
    table.add_row("routed", _step(done=drill.routed), "", Text(whom if drill.routed else ""))
    for one in drill.notifications:
        table.add_row(
            words(f"{one.channel} {one.transition}"),
            words(one.status, STATUS_STYLES.get(one.status, "")),
            Text(str(len(one.attempts))),
            words(answer_text(one) if one.attempts else _behind_others(one, drill)),
        )
    return table


def _behind_others(one: Notification, drill: Drill) -> str:
    """Say why a channel has not been asked: it has not taken earlier messages yet, and none may overtake them."""
    refused = next((last for last in drill.last_answers if last.channel == one.channel and not last.ok), None)
    if one.status != "PENDING" or refused is None:
        return answer_text(one)
    return f"waits behind others: {moment_text(refused.at)} {refused.text}"


def _step(*, done: bool) -> Text:
    return Text("done", style="green") if done else Text("waiting", style="yellow")
