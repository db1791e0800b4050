"""TCP ports of this machine."""

from __future__ import annotations

import errno
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

from dict_rate_limit.apps.local.process import EmbeddedError

LOOPBACK: Final = "127.0.0.1"
ANSWER_TIMEOUT_SEC: Final = 0.5
# Linux takes the ports of outgoing connections from 32768 up. One could take a chosen port before the server binds it.
PORTS: Final = range(10_000, 32_768)
ATTEMPTS: Final = 3

PORT_IN_USE_MESSAGES: Final = ("address already in use", "failed listening")
"""What servers log when their port is in use, in lower case."""


def free_port() -> int:
    """Return a port that is free now."""
    while not _is_free(port := secrets.choice(PORTS)):
        pass
    return port


def _is_free(port: int) -> bool:
    try:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True


def require_free_port(host: str, port: int, variable: str) -> None:
    """Check that the port can be bound. A server with SO_REUSEPORT would start beside another without an error.

    Raises:
        EmbeddedError: it cannot be bound. The text names `variable`, the setting of the port.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken: stop what uses it, or" if taken else f"cannot be used ({system_message(error)}):"
        message = f"port {port} on {host} {reason} set {variable}{'' if taken else ' or HOST'} to another"
        raise EmbeddedError(message) from error


def accepts_connections(host: str, port: int) -> bool:
    """Return whether a server listens there."""
    try:
        with socket.create_connection((host, port), ANSWER_TIMEOUT_SEC):
            return True
    except OSError:
        return False


def system_message(error: OSError) -> str:
    """Return the system's error text, also for errors of getaddrinfo, which have no errno."""
    return os.strerror(error.errno) if isinstance(error.errno, int) and error.errno > 0 else str(error.strerror)


@asynccontextmanager
async def retry_on_busy_ports(start: Callable[[], AbstractAsyncContextManager[str]]) -> AsyncIterator[str]:
    """Enter the context of `start`, which chooses new ports on each call; yields its value.

    Raises:
        EmbeddedError: it failed for another reason, or its ports were in use three times.
    """
    async with AsyncExitStack() as scope:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                address = await scope.enter_async_context(start())
            except EmbeddedError as error:
                if attempt == ATTEMPTS or not any(text in str(error).lower() for text in PORT_IN_USE_MESSAGES):
                    raise
            else:
                yield address
                return
