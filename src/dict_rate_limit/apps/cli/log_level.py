"""`dict-rate-limit log-level`: change the log level of a running process."""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from typing import Annotated, Final

import typer

from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit


class Verbosity(StrEnum):
    """The new log level."""

    DEBUG = "debug"  # everything
    USUAL = "usual"  # LOG_LEVEL as read at the start


SIGNALS: Final = {Verbosity.DEBUG: signal.SIGUSR1, Verbosity.USUAL: signal.SIGUSR2}


def log_level(
    wanted: Annotated[Verbosity, typer.Argument(help="debug = everything; usual = the configured LOG_LEVEL.")],
    *,
    pid: Annotated[int, typer.Option(min=1, help="Process id; 1 in a container.")] = 1,
) -> int:
    """Change the log level of a running api, worker or up, until the next change or restart.

    Sends SIGUSR1 (debug) or SIGUSR2 (usual). Exits with 69 when there is no such process, 71 when it belongs to another
    account.
    """
    try:
        os.kill(pid, SIGNALS[wanted])
    except ProcessLookupError as error:
        raise CommandError(Exit.UNAVAILABLE, f"pid: {pid}, expected a running process") from error
    except PermissionError as error:
        raise CommandError(Exit.SYSTEM, f"pid: {pid}, expected a process of this account") from error
    return Exit.OK
