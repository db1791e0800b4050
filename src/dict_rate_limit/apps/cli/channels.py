"""`dict-rate-limit channels`: check the channels file before a worker reads it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.apps.cli.output import format_count
from dict_rate_limit.bootstrap.notifications import check_channels
from dict_rate_limit.domain.notifications.channel import Channel
from dict_rate_limit.settings import load

group = typer.Typer(rich_markup_mode=None, help="Check the notification channels.")


@group.command()
def check(
    context: typer.Context,
    *,
    file: Annotated[str | None, typer.Option(help="The channels file; default NOTIFY_URLS_FILE.")] = None,
) -> int:
    """List every channel of the file with its routes, and every problem. Sends nothing.

    Exits with 65 when there is a problem, 64 when no file is given.
    """
    path = Path(file) if file is not None else load(context.obj).notify_urls_file
    if path is None:
        raise CommandError(Exit.USAGE, "file: not given, expected --file or NOTIFY_URLS_FILE")
    channels, problems = check_channels(path)
    if problems:
        for problem in problems:
            typer.echo(f"error: {problem}", err=True)
        return Exit.DATA
    sys.stdout.writelines(f"{_described(channel)}\n" for channel in channels)
    typer.echo(
        f"{format_count(len(channels), 'channel')}, no problem; `drill alert` sends through all of them", err=True
    )
    return Exit.OK


def _described(channel: Channel) -> str:
    routes = channel.routes
    wanted = (("policies", routes.policies), ("participants", routes.participants), ("kinds", routes.kinds))
    limits = [f"{name} {', '.join(globs)}" for name, globs in wanted if globs != ("*",)]
    return "  ".join([channel.name, channel.format.value, channel.language.value, f"from {routes.severity}", *limits])
