"""`dict-rate-limit log-level`: how much a running program writes, without a restart."""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from typing import Annotated, Final

import typer

from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit


class Verbosity(StrEnum):
    """What is to be written from now on."""

    DEBUG = "debug"  # everything
    USUAL = "usual"  # what LOG_LEVEL said at the start


SIGNALS: Final = {Verbosity.DEBUG: signal.SIGUSR1, Verbosity.USUAL: signal.SIGUSR2}


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name)(log_level)


def log_level(
    wanted: Annotated[Verbosity, typer.Argument(help="debug = everything; usual = what LOG_LEVEL said at the start.")],
    *,
    pid: Annotated[int, typer.Option(min=1, help="The program's process id; 1 in a container.")] = 1,
) -> int:
    """Change how much a running api, worker or up writes, until it is changed again or restarted.

    Sends SIGUSR1 (debug) or SIGUSR2 (usual). Ends with 69 when there is no such process, 71 when it is somebody else's.
    """
    try:
        os.kill(pid, SIGNALS[wanted])
    except ProcessLookupError as error:
        raise CommandError(Exit.UNAVAILABLE, f"pid: {pid}, expected a running process") from error
    except PermissionError as error:
        raise CommandError(Exit.SYSTEM, f"pid: {pid}, expected a process of this account") from error
    return Exit.OK
