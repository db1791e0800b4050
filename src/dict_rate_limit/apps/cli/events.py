"""`dict-rate-limit events`: the transitions of alerts as they leave by the broker."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from rich.text import Text

from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.apps.cli.output import STYLES, Output, console_for, plain
from dict_rate_limit.apps.cli.signals import run_interruptible
from dict_rate_limit.bootstrap.publisher import broker_address, open_event_reader
from dict_rate_limit.settings import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dict_rate_limit.settings import Settings

FIELDS: Final = (("detected_at", 20), ("severity", 8), ("participant", 8), ("policy_name", 24), ("transition", 12))
"""What stands before the message, and how wide it is at least."""


def register(app: typer.Typer, name: str) -> None:
    """Add the group of commands."""
    group = typer.Typer(rich_markup_mode=None)
    group.callback()(_group)
    group.command("tail")(tail)
    app.add_typer(group, name=name)


def _group() -> None:
    """Read the transitions of alerts from the broker (PULSAR_BROKER_URL, PULSAR_TOPIC)."""


def tail(
    context: typer.Context,
    *,
    start: Annotated[
        Literal["earliest", "latest"],
        typer.Option("--from", help="The oldest message of the topic, or new ones only."),
    ] = "latest",
    count: Annotated[int | None, typer.Option(min=1, help="End after so many events.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="End after so long.")] = None,
    language: Annotated[Literal["pt", "en"], typer.Option(help="Language of the messages.")] = "pt",
    output: Annotated[Output, typer.Option(help="A line for people, or the document as a line of JSON.")] = Output.TEXT,
) -> int:
    """Show transitions of alerts as they come, until Ctrl-C.

    Others may share the topic: what is not ours is left out. Leaves no subscription and no backlog on the broker; needs
    the permission to consume. Ends with 69 when the broker cannot be read, or gave fewer than --count in --seconds.
    """
    wanted = ReadOptions(start=start, count=count, seconds=seconds)
    shown = run_interruptible(_tailed(load(context.obj), wanted, Printer(language=language, output=output)))
    if count is not None and shown < count:
        raise CommandError(Exit.UNAVAILABLE, f"only {shown} of {count} events came within {seconds:g} s")
    return Exit.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What to read: from where, and at most how many for how long; None = without end."""

    start: str
    count: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """Writes events to stdout."""

    language: str
    output: Output

    def show(self, content: bytes) -> bool:
        """Write one; False, and a word to stderr, for what is none."""
        try:
            document = json.loads(content)
            data = {name: str(value) for name, value in document["data"].items()}
        except (ValueError, LookupError, TypeError, AttributeError):
            typer.echo("left out: a message that says it is ours, and is not", err=True)
            return False
        if self.output is Output.JSON:
            sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        else:
            console_for(sys.stdout).print(line(data, self.language), soft_wrap=True)
        sys.stdout.flush()
        return True


def line(data: Mapping[str, str], language: str) -> Text:
    """Lay an event out on one line."""
    message = data.get("message_en" if language == "en" else "message", "")
    parts = [plain(data.get(name, "?")).ljust(width) for name, width in FIELDS]
    style = STYLES.get(data.get("severity", ""), "")
    return Text("  ").join(Text(part, style=style) for part in (*parts, plain(message)))


async def _tailed(settings: Settings, wanted: ReadOptions, printer: Printer) -> int:
    """Return how many were shown."""
    shown = 0
    loop = asyncio.get_running_loop()
    most = float("inf") if wanted.count is None else wanted.count
    async with open_event_reader(settings, earliest=wanted.start == "earliest") as reader:
        typer.echo(f"reading {broker_address(settings)}", err=True)
        ends = float("inf") if wanted.seconds is None else loop.time() + wanted.seconds
        away = False
        while shown < most and loop.time() < ends:
            for content in await reader.events():
                shown += shown < most and printer.show(content)
            away = _report_connection(connected=reader.connected, away=away)
    return shown


def _report_connection(*, connected: bool, away: bool) -> bool:
    """Report once that the broker is unavailable, and once that it is back; return whether it is unavailable."""
    gone = not connected
    if gone != away:
        typer.echo("the broker is away; waiting" if gone else "the broker is back", err=True)
    return gone
