"""`dict-rate-limit audit`: the audit log of a running API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from dict_rate_limit.apps.cli.client import DEFAULT_URL, Token, TokenFile, Url, api_at
from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.cli.output import Output, Shape, format_time, lines, print_response, table_of, words
from dict_rate_limit.contract.audit import AuditList
from dict_rate_limit.contract.paths import AUDIT

if TYPE_CHECKING:
    from rich.console import RenderableType


def audit(
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Maximum number of entries.")] = 100,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """Show the operator actions on alerts, newest first: actor, time, action and reason. Needs a running API."""
    response = api_at(url, token, token_file).get(AUDIT, AuditList, limit=limit)
    if output is Output.TEXT and not response.document.entries:
        typer.echo("no operator action yet", err=True)
        return Exit.OK
    return print_response(response, output, _view)


def _view(found: AuditList) -> RenderableType:
    table = table_of("AT", "ACTOR", "WHAT AND WHY", breaking=("ACTOR", "WHAT AND WHY"))
    for one in found.entries:
        table.add_row(
            Text(format_time(one.at)),
            words(one.actor),
            lines(words(f"{one.act}: {one.detail}"), words(str(one.subject_id), "dim"), words(one.reason)),
        )
    return table
