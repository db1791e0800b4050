"""`dict-rate-limit drill`: rehearse a restore on a copy, or send a test alert and follow its delivery."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.live import Live
from rich.text import Text

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.apps.cli.alerts import STATUS_STYLES, answer_text
from dict_rate_limit.apps.cli.backup import describe_backup, service
from dict_rate_limit.apps.cli.client import DEFAULT_URL, ApiClient, ApiResponse, Reason, Token, TokenFile, Url, api_at
from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.apps.cli.output import (
    Output,
    Shape,
    console_for,
    format_count,
    format_duration,
    format_time,
    table_of,
    words,
)
from dict_rate_limit.apps.cli.signals import run_interruptible
from dict_rate_limit.bootstrap.backup import Drilled
from dict_rate_limit.contract.alerts import Notification
from dict_rate_limit.contract.drills import Drill
from dict_rate_limit.contract.paths import DRILLS
from dict_rate_limit.domain.text import without_password
from dict_rate_limit.domain.timestamps import parse_duration
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.texts.format import duration_text

if TYPE_CHECKING:
    from rich.console import RenderableType

POLL_SEC: Final = 0.5
NEW_BACKUP: Final = (
    "this backup is new: in a real loss the RPO is the age of the last scheduled one,",
    "which `drill restore --from FOLDER/latest` shows",
)

group = typer.Typer(rich_markup_mode=None, help="Rehearse a restore on a copy of the database, or send a test alert.")


@group.command()
def restore(
    context: typer.Context,
    *,
    source: Annotated[
        str | None, typer.Option("--from", help="An existing backup (FOLDER/latest: the newest), instead of a new one.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="Folder for the new backup; without it the backup is deleted.")] = None,
    into: Annotated[
        str | None, typer.Option(help="Address of an empty database, instead of a temporary one on the same server.")
    ] = None,
    output: Shape = Output.TEXT,
) -> int:
    """Back up, restore into a temporary database, compare every table, drop it, and report what a loss now would cost.

    The database itself (DATABASE_URL) is only read.

    The temporary database needs the privilege CREATEDB and as much disk space as the real one; --into needs neither on
    this server. The password for --into comes from PGPASSFILE or PGPASSWORD. Exit codes as for `restore`.
    """
    if into is not None and without_password(into) != into:
        message = (
            "--into: expected an address without a password, as other users could read it; use PGPASSFILE or PGPASSWORD"
        )
        raise CommandError(Exit.USAGE, message)
    if source is not None and to is not None:
        raise CommandError(Exit.USAGE, "--from and --to: give one of them")
    backup, folder = (None if name is None else Path(name) for name in (source, to))
    drilled = run_interruptible(service(context.obj).drill(backup, folder, into))
    if output is Output.JSON:
        sys.stdout.write(json.dumps(_document(drilled), indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in describe_drill(drilled))
    return Exit.OK


def describe_drill(drilled: Drilled) -> list[str]:
    """Return the report of a drill as lines."""
    manifest, took = drilled.manifest, drilled.took
    contents = manifest.contents
    amounts = f"{format_count(len(contents.tables), 'table')}, {format_count(contents.rows, 'row')}"
    taken = format_time(manifest.taken_at)
    after = f"{format_count(drilled.polls_after, 'poll')} and {format_count(drilled.transitions_after, 'transition')}"
    steps = f"check {took.check:.1f}, restore {took.restore:.1f}, compare {took.compare:.1f}"
    lines = [
        ("backup", "made for this drill" if drilled.made else "an existing one"),
        *(("", line) for line in describe_backup(manifest)),
        ("compared", f"{amounts}: equal in number and content; the copy was dropped"),
        ("RPO", f"{format_duration(manifest.age(drilled.now))}: a loss now would lose data after {taken}"),
        ("", f"so far {after} since the newest row in the backup"),
        *((("", line) for line in NEW_BACKUP) if drilled.made else ()),
        ("RTO", f"{took.total:.1f} s: {steps}"),
        ("", "not measured: detection, a server, fetching the backup, starting the product"),
        ("resumes", f"the worker would publish {format_count(contents.waiting, 'transition')}"),
    ]
    return [f"{label:<9} {text}" for label, text in lines]


def _document(drilled: Drilled) -> dict[str, object]:
    manifest, took = drilled.manifest, drilled.took
    newest = manifest.contents.newest_at
    return {
        "backup": manifest.name,
        "made_for_this_drill": drilled.made,
        "taken_at": format_time(manifest.taken_at),
        "newest_at": None if newest is None else format_time(newest),
        "schema_version": manifest.contents.version,
        "tables": len(manifest.contents.tables),
        "rows": manifest.contents.rows,
        "bytes": manifest.size,
        "equal": True,
        "rpo_seconds": round(manifest.age(drilled.now).total_seconds(), 1),
        "polls_after": drilled.polls_after,
        "transitions_after": drilled.transitions_after,
        "rto_seconds": round(took.total, 2),
        "check_seconds": round(took.check, 2),
        "restore_seconds": round(took.restore, 2),
        "compare_seconds": round(took.compare, 2),
        "waiting": manifest.contents.waiting,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillTimeout:
    """How long a test alert is followed, and by which clock."""

    wait: timedelta
    clock: Clock
    sleep: Callable[[float], None] = time.sleep


@group.command()
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
