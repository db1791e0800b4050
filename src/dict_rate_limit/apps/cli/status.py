"""`dict-rate-limit status`: how full every bucket is, from a running API."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from dict_rate_limit.apps.cli.client import ListAnswer, Question, ask
from dict_rate_limit.apps.cli.client_options import DEFAULT_URL, Token, TokenFile, Url, token_from
from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.cli.output import console_for
from dict_rate_limit.apps.cli.status_table import age_text, status_view
from dict_rate_limit.apps.cli.watch import watch_json, watch_table


class Output(StrEnum):
    """Shape of the data."""

    TABLE = "table"
    JSON = "json"


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name)(status)


def status(  # noqa: PLR0913 - one argument per option
    *,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    participant: Annotated[str | None, typer.Option(help="ISPB; the API's first when not given.")] = None,
    output: Annotated[Output, typer.Option(help="A table for people, or the list document as it came.")] = Output.TABLE,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option(min=1, max=3600, help="Seconds between two looks of --watch.")] = 5,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1, 2, 3 when the worst is WARNING, CRITICAL, UNKNOWN/STALE.")
    ] = False,
) -> int:
    """Show how full every bucket is, worst first.

    Asks a running API. Data goes to stdout, words to stderr. Ends with 0 when there is an answer (also a STALE one),
    69 when nobody answers or there has never been a reading, 76 when what answers is not the API, 77 when the token
    is missing or not accepted, 64 when the participant or URL is refused.
    """
    question = Question(url=url, token=token_from(token, token_file), participant=participant)
    if watch:
        loop = watch_json if output is Output.JSON else watch_table
        return loop(question, interval)
    answer = ask(question)
    _show(answer, output)
    if answer.stale:
        typer.echo(f"STALE: the reading is {age_text(answer.listing)} old; there is none newer to be had now", err=True)
    return _verdict(answer) if exit_code else Exit.OK


def _show(answer: ListAnswer, output: Output) -> None:
    if output is Output.JSON:
        sys.stdout.write(answer.text + "\n")
        return
    console = console_for(sys.stdout)
    console.print(status_view(answer, console.width))


def _verdict(answer: ListAnswer) -> Exit:
    levels = {policy.status for policy in answer.listing.policies if policy.enabled}
    if "CRITICAL" in levels:
        return Exit.CRITICAL
    if "WARNING" in levels:
        return Exit.WARNING
    return Exit.UNKNOWN if answer.stale or not levels <= {"OK"} else Exit.OK
