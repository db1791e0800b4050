"""`dict-rate-limit events`: the events of alerts on the broker."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import typer
from rich.text import Text

from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.apps.cli.output import STYLES, Output, console_for, plain
from dict_rate_limit.apps.cli.signals import run_interruptible
from dict_rate_limit.bootstrap.publisher import broker_address, open_event_reader
from dict_rate_limit.settings import Settings, load

FIELDS: Final = (("detected_at", 20), ("severity", 8), ("participant", 8), ("policy_name", 24), ("transition", 12))
"""The fields before the message, with their minimum widths."""


group = typer.Typer(
    rich_markup_mode=None, help="Read the events of alerts from the broker (PULSAR_BROKER_URL, PULSAR_TOPIC)."
)


@group.command()
def tail(
    context: typer.Context,
    *,
    start: Annotated[
        Literal["earliest", "latest"], typer.Option("--from", help="The oldest message of the topic, or new ones only.")
    ] = "latest",
    count: Annotated[int | None, typer.Option(min=1, help="Exit after this number of events.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Exit after this time.")] = None,
    language: Annotated[Literal["pt", "en"], typer.Option(help="Language of the messages.")] = "pt",
    output: Annotated[Output, typer.Option(help="A line of text, or the document as a line of JSON.")] = Output.TEXT,
) -> int:
    """Show events of alerts as they arrive, until Ctrl-C.

    Messages of other producers on the topic are ignored. Leaves no subscription and no backlog on the broker; needs the
    permission to consume. Exits with 69 when the broker is unavailable, or fewer than --count arrived in --seconds.
    """
    options = ReadOptions(start=start, count=count, seconds=seconds)
    shown = run_interruptible(_tailed(load(context.obj), options, Printer(language=language, output=output)))
    if count is not None and shown < count:
        raise CommandError(Exit.UNAVAILABLE, f"only {shown} of {count} events arrived within {seconds:g} s")
    return Exit.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What to read: where to begin, and the limits of count and time; None = no limit."""

    start: str
    count: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """Writes events to stdout."""

    language: str
    output: Output

    def show(self, content: bytes) -> bool:
        """Write one event. Returns False, with a line on stderr, for an invalid one."""
        try:
            document = json.loads(content)
            data = {name: str(value) for name, value in document["data"].items()}
        except (ValueError, LookupError, TypeError, AttributeError):
            typer.echo("skipped: a message with our action and without a valid event", err=True)
            return False
        if self.output is Output.JSON:
            sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        else:
            console_for(sys.stdout).print(format_event(data, self.language), soft_wrap=True)
        sys.stdout.flush()
        return True


def format_event(data: Mapping[str, str], language: str) -> Text:
    """Format an event as one line."""
    message = data.get("message_en" if language == "en" else "message", "")
    parts = [plain(data.get(name, "?")).ljust(width) for name, width in FIELDS]
    style = STYLES.get(data.get("severity", ""), "")
    return Text("  ").join(Text(part, style=style) for part in (*parts, plain(message)))


async def _tailed(settings: Settings, options: ReadOptions, printer: Printer) -> int:
    shown = 0
    loop = asyncio.get_running_loop()
    most = float("inf") if options.count is None else options.count
    async with open_event_reader(settings, earliest=options.start == "earliest") as reader:
        typer.echo(f"reading {broker_address(settings)}", err=True)
        ends = float("inf") if options.seconds is None else loop.time() + options.seconds
        was_lost = False
        while shown < most and loop.time() < ends:
            for content in await reader.events():
                shown += shown < most and printer.show(content)
            was_lost = _report_connection(connected=reader.connected, was_lost=was_lost)
    return shown


def _report_connection(*, connected: bool, was_lost: bool) -> bool:
    """Report once that the broker is unavailable, and once that it is back; return whether it is unavailable."""
    is_lost = not connected
    if is_lost != was_lost:
        typer.echo("the broker is unavailable; waiting" if is_lost else "the broker is available again", err=True)
    return is_lost
