"""Looking again and again until Ctrl-C, which is how watching ends well."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from dict_rate_limit.apps.cli.exits import CommandError, Exit
from dict_rate_limit.apps.cli.rest import ask
from dict_rate_limit.apps.cli.status_table import console_for, status_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType

    from dict_rate_limit.apps.cli.rest import Answer, Question

_PASSING: Final = frozenset({Exit.UNAVAILABLE, Exit.PROTOCOL})
"""What may be better at the next look; a token that is refused will be refused again."""


def watch_table(question: Question, interval: float, sleep: Callable[[float], None] = time.sleep) -> Exit:
    """Show the table anew; on a terminal in place of the last."""
    console = console_for(sys.stdout)
    if not console.is_terminal:
        return _watch(question, interval, sleep, lambda answer, trouble: _print(console, answer, trouble))
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        return _watch(
            question,
            interval,
            sleep,
            lambda answer, trouble: live.update(_screen(console, answer, trouble), refresh=True),
        )


def watch_json(question: Question, interval: float, sleep: Callable[[float], None] = time.sleep) -> Exit:
    """Write a document a line."""
    return _watch(question, interval, sleep, _write)


def _watch(
    question: Question,
    interval: float,
    sleep: Callable[[float], None],
    show: Callable[[Answer | None, str], None],
) -> Exit:
    last: Answer | None = None
    try:
        while True:
            trouble = ""
            try:
                last = ask(question)
            except CommandError as error:
                if error.code not in _PASSING:
                    raise
                trouble = str(error)
            show(last, trouble)
            sleep(interval)
    except KeyboardInterrupt:
        return Exit.OK


def _screen(console: Console, answer: Answer | None, trouble: str) -> RenderableType:
    notice = Text(f"{trouble}; what follows is the last answer" if answer else trouble, style="bold red")
    parts: list[RenderableType] = [notice] if trouble else []
    return Group(*parts, *([status_view(answer, console.width)] if answer else []))


def _print(console: Console, answer: Answer | None, trouble: str) -> None:
    if trouble:
        typer.echo(trouble, err=True)
    elif answer is not None:
        console.print(status_view(answer, console.width))
        console.print()
        console.file.flush()


def _write(answer: Answer | None, trouble: str) -> None:
    if trouble:
        typer.echo(trouble, err=True)
    elif answer is not None:
        sys.stdout.write(answer.text + "\n")
        sys.stdout.flush()
