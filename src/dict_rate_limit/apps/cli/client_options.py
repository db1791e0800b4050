"""What every command that asks a running API takes: where it is, and who asks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import typer

from dict_rate_limit.apps.cli.client import Api
from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.domain.text import quoted

DEFAULT_URL: Final = "http://127.0.0.1:8080"

Url = Annotated[str, typer.Option(envvar="DICT_RATE_LIMIT_URL", help="Where the API is.")]
Token = Annotated[
    str | None,
    typer.Option(envvar="DICT_RATE_LIMIT_TOKEN", help="Bearer token; other users see it here: better a file."),
]
TokenFile = Annotated[str | None, typer.Option(help="File that holds the bearer token.")]


Reason = Annotated[str, typer.Option(help="Why, for whoever reads it later.")]


def api_at(url: str, token: str | None, token_file: str | None) -> Api:
    """Return the API that the options name."""
    return Api(url=url, token=token_from(token, token_file))


def token_from(token: str | None, file: str | None) -> str | None:
    """Return the token itself, else what the file holds.

    Raises:
        CommandError: the file cannot be read.
    """
    if token or file is None:
        return token
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be read as text"
        raise CommandError(Exit.USAGE, f"token file: {file!r}, expected a readable file: {reason}") from error


def given(**values: str | int | None) -> dict[str, object]:
    """Leave out what was not given; a name may end with _ where Python has a word of it."""
    return {name.rstrip("_"): value for name, value in values.items() if value is not None}


def segment(text: str) -> str:
    """Write a text as one part of a path.

    Raises:
        CommandError: it would be several.
    """
    if "/" in text:
        raise CommandError(Exit.USAGE, f"{quoted(text)}: expected a name or an id, without /")
    return quote(text, safe="")
