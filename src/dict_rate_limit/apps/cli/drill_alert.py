"""`dict-rate-limit drill alert`: a test alert through every step, followed until each channel has taken it."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.live import Live

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.apps.cli.client import ROOT, Call
from dict_rate_limit.apps.cli.client_options import DEFAULT_URL, Reason, Token, TokenFile, Url, api_at, given, segment
from dict_rate_limit.apps.cli.documents import Drill
from dict_rate_limit.apps.cli.drill_table import drill_view
from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.apps.cli.output import Output, Shape, console_for
from dict_rate_limit.settings.parsers import duration
from dict_rate_limit.texts.format import duration_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from dict_rate_limit.apps.cli.client import Api
    from dict_rate_limit.ports.clock import Clock

PATH: Final = ROOT + "/drills"
LOOK_AGAIN_SEC: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a test alert is followed, and by which clock."""

    wait: timedelta
    clock: Clock
    sleep: Callable[[float], None] = time.sleep


def alert(  # noqa: PLR0913 -- one argument per option
    *,
    reason: Reason,
    participant: Annotated[str | None, typer.Option(help="ISPB; the API's first when not given.")] = None,
    wait: Annotated[str, typer.Option(help="How long it may take: 60s, 2m.")] = "60s",
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """Send a test alert the way of every alert, and follow it: kept, published, routed, taken by each channel.

    Every channel gets two messages, opened and resolved, whatever its routes and the silences say. Asks a running API;
    needs an operator's token. Ends with 69 when something did not arrive in time.
    """
    patience = Patience(wait=_wait(wait), clock=SystemClock())
    api = api_at(url, token, token_file)
    text, sent = api.call(Call(path=PATH, body=given(reason=reason, participant=participant)), Drill)
    text, last = followed(api, (text, sent), patience, live=output is Output.TEXT)
    if output is Output.JSON:
        sys.stdout.write(text + "\n")
    return verdict(last, patience.wait)


def followed(api: Api, sent: tuple[str, Drill], patience: Patience, *, live: bool) -> tuple[str, Drill]:
    """Look again and again until nothing more will happen or the time is over; return the last look.

    Raises:
        CommandError: the API is gone when the time is over, or does not know the test alert any more.
    """
    ends = patience.clock.monotonic() + patience.wait.total_seconds()
    path = f"{PATH}/{segment(sent[1].alert_id)}"
    last = sent
    with _showing(live=live) as show:
        show(last[1])
        while not last[1].done:
            over = patience.clock.monotonic() >= ends
            try:
                last = api.call(Call(path=path), Drill)
            except CommandError as error:
                if over or error.code is not Exit.UNAVAILABLE:
                    raise
            show(last[1])
            if over:
                break
            patience.sleep(LOOK_AGAIN_SEC)
    return last


def verdict(drill: Drill, wait: timedelta) -> Exit:
    """Say on stderr how it ended; return how the command ends."""
    if drill.good:
        told = "every channel has taken it" if drill.notifications else "no channel is configured, so nobody was told"
        typer.echo(f"the test alert arrived: {told}", err=True)
        return Exit.OK
    ended = "was given up on" if drill.done else f"has not arrived everywhere within {duration_text(wait)}"
    typer.echo(f"the test alert {ended}", err=True)
    return Exit.UNAVAILABLE


def _wait(text: str) -> timedelta:
    try:
        return duration(text)
    except ValueError as error:
        message = f"--wait: {text!r}, expected a duration such as 60s or 2m, at most 24h"
        raise CommandError(Exit.USAGE, message) from error


@contextmanager
def _showing(*, live: bool) -> Iterator[Callable[[Drill], None]]:
    """Give what shows a look: on a terminal in place of the last one, elsewhere only the last one."""
    console = console_for(sys.stdout)
    shown: list[Drill] = []
    if live and console.is_terminal:
        with Live(console=console, auto_refresh=False) as screen:
            yield lambda drill: screen.update(drill_view(drill), refresh=True)
        return
    yield shown.append
    if live:
        console.print(drill_view(shown[-1]))
