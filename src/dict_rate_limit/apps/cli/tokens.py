"""`dict-rate-limit tokens`: bearer tokens for the API."""

from __future__ import annotations

import json
import secrets
import sys
from typing import Annotated, Literal

import typer

from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.domain.access import Role, new_token_line, parse_expiry

group = typer.Typer(rich_markup_mode=None, help="Create bearer tokens for the API.")


@group.command()
def create(
    *,
    name: Annotated[str, typer.Option(help="Name of the client: 1 to 64 of A-Z a-z 0-9 . _ @ -")],
    role: Annotated[Role, typer.Option(help="viewer may read, operator may also write.")] = Role.VIEWER,
    expires: Annotated[
        str | None, typer.Option(help="2027-01-31 (valid through that day, UTC) or 2027-01-31T18:00:00Z.")
    ] = None,
    output: Annotated[
        Literal["line", "json"], typer.Option(help="The line, or an object with line and token.")
    ] = "line",
) -> int:
    """Create a token. The line for API_TOKENS_FILE goes to stdout, the token itself to stderr, once.

    The line contains only a digest, so `>> tokens` is safe. For scripts, --output json writes both to stdout.
    """
    secret = f"drl_{secrets.token_urlsafe(32)}"
    line = new_token_line(name, role, None if expires is None else parse_expiry(expires), secret)
    if output == "json":
        sys.stdout.write(json.dumps({"line": line, "token": secret}) + "\n")
        return Exit.OK
    sys.stdout.write(line + "\n")
    typer.echo(
        "The token is shown only once. Give it to the client, and add the line above to API_TOKENS_FILE:", err=True
    )
    typer.echo(secret, err=True)
    return Exit.OK
