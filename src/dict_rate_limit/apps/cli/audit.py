"""`dict-rate-limit audit`: who did what, by a running API."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dict_rate_limit.apps.cli.client import ROOT, Call
from dict_rate_limit.apps.cli.client_options import DEFAULT_URL, Token, TokenFile, Url, api_at
from dict_rate_limit.apps.cli.documents import Audit
from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.cli.output import Output, Shape, console_for
from dict_rate_limit.apps.cli.silences_table import audit_view


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name)(audit)


def audit(
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """Show what people did about alerts, newest first: who, when, what and why. Asks a running API."""
    call = Call(path=ROOT + "/audit", params={"limit": str(limit)})
    text, found = api_at(url, token, token_file).call(call, Audit)
    if output is Output.JSON:
        sys.stdout.write(text + "\n")
    elif found.entries:
        console_for(sys.stdout).print(audit_view(found.entries))
    else:
        typer.echo("nobody has acted yet", err=True)
    return Exit.OK
