"""`dict-rate-limit drill alert`: send a test alert and follow it until every channel has answered."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.live import Live
from rich.text import Text

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.apps.cli.alerts import STATUS_STYLES, answer_text
from dict_rate_limit.apps.cli.client import DEFAULT_URL, Reason, Token, TokenFile, Url, api_at
from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.apps.cli.output import Output, Shape, console_for, format_count, format_time, table_of, words
from dict_rate_limit.contract.drills import Drill
from dict_rate_limit.contract.paths import DRILLS
from dict_rate_limit.domain.timestamps import parse_duration
from dict_rate_limit.texts.format import duration_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from dict_rate_limit.apps.cli.client import ApiClient, ApiResponse
    from dict_rate_limit.contract.alerts import Notification
    from dict_rate_limit.ports.clock import Clock

POLL_SEC: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillTimeout:
    """How long a test alert is followed, and by which clock."""

    wait: timedelta
    clock: Clock
    sleep: Callable[[float], None] = time.sleep


def alert(  # noqa: PLR0913 -- one argument per option
    *,
    reason: Reason,
    participant: Annotated[str | None, typer.Option(help="ISPB; by default the API's first participant.")] = None,
    wait: Annotated[str, typer.Option(help="Timeout: 60s, 2m.")] = "60s",
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """Send a test alert through every step of a real one: stored, published, routed, delivered to each channel.

    Every channel gets two messages, opened and resolved, regardless of routes and silences. Needs a running API and an
    operator's token. Exits with 69 when a step did not succeed in time.
    """
    timeout = DrillTimeout(wait=_wait(wait), clock=SystemClock())
    client = api_at(url, token, token_file)
    sent = client.post(DRILLS, Drill, {"reason": reason, "participant": participant})
    last = follow(client, sent, timeout, live=output is Output.TEXT)
    if output is Output.JSON:
        sys.stdout.write(last.text + "\n")
    return report(last.document, timeout.wait)


def follow(client: ApiClient, sent: ApiResponse[Drill], timeout: DrillTimeout, *, live: bool) -> ApiResponse[Drill]:
    """Poll until nothing is pending or the time is over; return the last response.

    Raises:
        CommandError: the API is unavailable when the time is over, or no longer knows the test alert.
    """
    ends = timeout.clock.monotonic() + timeout.wait.total_seconds()
    path = f"{DRILLS}/{sent.document.alert_id}"
    last = sent
    with _display(live=live) as show:
        show(last.document)
        while not last.document.done:
            over = timeout.clock.monotonic() >= ends
            try:
                last = client.get(path, Drill)
            except CommandError as error:
                if over or error.code is not Exit.UNAVAILABLE:
                    raise
            show(last.document)
            if over:
                break
            timeout.sleep(POLL_SEC)
    return last


def report(drill: Drill, wait: timedelta) -> Exit:
    """Report the result on stderr; return the exit code."""
    if drill.good:
        result = "every channel accepted it" if drill.notifications else "no channel is configured"
        typer.echo(f"the test alert arrived: {result}", err=True)
        return Exit.OK
    failure = "was dead-lettered" if drill.done else f"has not arrived everywhere within {duration_text(wait)}"
    typer.echo(f"the test alert {failure}", err=True)
    return Exit.UNAVAILABLE


def drill_view(drill: Drill) -> RenderableType:
    """Return the steps in order: done, waiting or failed."""
    table = table_of("STEP", "STATE", "TRIES", "WHAT", breaking=("STEP", "WHAT"))
    published = [one for one in drill.transitions if one.published]
    dead = any(one.dead for one in drill.transitions)
    channels = {one.channel for one in drill.notifications}
    table.add_row("stored", _step(done=True), "", words(str(drill.alert_id)))
    table.add_row(
        "published",
        Text("dead", style="bold red") if dead else _step(done=drill.published),
        "",
        Text(f"{len(published)} of {format_count(len(drill.transitions), 'transition')}"),
    )
    routes = format_count(len(channels), "channel") if channels else "no channel is configured"
    table.add_row("routed", _step(done=drill.routed), "", Text(routes if drill.routed else ""))
    for one in drill.notifications:
        table.add_row(
            words(f"{one.channel} {one.transition}"),
            words(one.status, STATUS_STYLES.get(one.status, "")),
            Text(str(len(one.attempts))),
            words(answer_text(one) if one.attempts else _before_first_attempt(one, drill)),
        )
    return table


def _before_first_attempt(one: Notification, drill: Drill) -> str:
    # A channel gets its messages in order, so an earlier message that it rejects delays this one.
    rejected = next((last for last in drill.last_answers if last.channel == one.channel and not last.ok), None)
    if one.status != "PENDING" or rejected is None:
        return answer_text(one)
    return f"waits behind others: {format_time(rejected.at)} {rejected.text}"


def _step(*, done: bool) -> Text:
    return Text("done", style="green") if done else Text("waiting", style="yellow")


def _wait(text: str) -> timedelta:
    try:
        return parse_duration(text, timedelta(days=1))
    except ValueError as error:
        message = f"--wait: {text!r}, expected a duration such as 60s or 2m, at most 24h"
        raise CommandError(Exit.USAGE, message) from error


@contextmanager
def _display(*, live: bool) -> Iterator[Callable[[Drill], None]]:
    """Yield a function that shows a state: on a terminal each replaces the previous one, elsewhere only the last."""
    console = console_for(sys.stdout)
    shown: list[Drill] = []
    if live and console.is_terminal:
        with Live(console=console, auto_refresh=False) as screen:
            yield lambda drill: screen.update(drill_view(drill), refresh=True)
        return
    yield shown.append
    if live:
        console.print(drill_view(shown[-1]))
