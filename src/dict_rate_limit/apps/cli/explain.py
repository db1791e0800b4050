"""`dict-rate-limit explain`: why a policy is told as it is, by a running API."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dict_rate_limit.apps.cli.client import ROOT, Call
from dict_rate_limit.apps.cli.client_options import DEFAULT_URL, Token, TokenFile, Url, api_at, given, segment
from dict_rate_limit.apps.cli.documents import Explanation
from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.cli.explain_view import explain_view
from dict_rate_limit.apps.cli.output import Output, Shape, console_for


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name)(explain)


def explain(
    policy: Annotated[str, typer.Argument(metavar="POLICY", help="Name of the policy: CLAIMS_READ.")],
    *,
    participant: Annotated[str | None, typer.Option(help="ISPB; the API's first when not given.")] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """Explain why a policy is told as it is.

    Its level and what would clear it, open alerts, silences that hold them back, next reminders, and what each channel
    last answered. Asks a running API.
    """
    params = {name: str(value) for name, value in given(participant=participant).items()}
    call = Call(path=f"{ROOT}/explain/{segment(policy)}", params=params)
    text, found = api_at(url, token, token_file).call(call, Explanation)
    if output is Output.JSON:
        sys.stdout.write(text + "\n")
    else:
        console_for(sys.stdout).print(explain_view(found))
    return Exit.OK
