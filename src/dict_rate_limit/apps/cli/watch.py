"""Looking again and again until Ctrl-C, which is how watching ends well."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from dict_rate_limit.apps.cli.client import ask
from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.apps.cli.output import console_for
from dict_rate_limit.apps.cli.status_table import status_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType

    from dict_rate_limit.apps.cli.client import ListAnswer, Question

_PASSING: Final = frozenset({Exit.UNAVAILABLE, Exit.PROTOCOL})
"""What may be better at the next look; a token that is refused will be refused again."""


def watch_table(question: Question, interval: float, sleep: Callable[[float], None] = time.sleep) -> Exit:
    """Show the table anew; on a terminal in place of the last."""
    console = console_for(sys.stdout)
    if not console.is_terminal:
        return _watch(question, Shown(answer=lambda answer: _print(console, answer), trouble=_tell), interval, sleep)
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        screen = Shown(
            answer=lambda answer: live.update(status_view(answer, console.width), refresh=True),
            trouble=lambda words, last: live.update(_trouble_view(words, last, console.width), refresh=True),
        )
        return _watch(question, screen, interval, sleep)


def watch_json(question: Question, interval: float, sleep: Callable[[float], None] = time.sleep) -> Exit:
    """Write a document a line."""
    return _watch(question, Shown(answer=_write, trouble=_tell), interval, sleep)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is done with an answer, and with words about why there is none and the last answer there was."""

    answer: Callable[[ListAnswer], None]
    trouble: Callable[[str, ListAnswer | None], None]


def _watch(question: Question, shown: Shown, interval: float, sleep: Callable[[float], None]) -> Exit:
    last: ListAnswer | None = None
    try:
        while True:
            try:
                last = ask(question)
                shown.answer(last)
            except CommandError as error:
                if error.code not in _PASSING:
                    raise
                shown.trouble(str(error), last)
            sleep(interval)
    except KeyboardInterrupt:
        return Exit.OK


def _trouble_view(words: str, last: ListAnswer | None, width: int) -> RenderableType:
    if last is None:
        return Text(words, style="bold red")
    return Group(Text(f"{words}; what follows is the last answer", style="bold red"), status_view(last, width))


def _tell(words: str, _last: ListAnswer | None) -> None:
    typer.echo(words, err=True)


def _print(console: Console, answer: ListAnswer) -> None:
    console.print(status_view(answer, console.width))
    console.print()
    console.file.flush()


def _write(answer: ListAnswer) -> None:
    sys.stdout.write(answer.text + "\n")
    sys.stdout.flush()
