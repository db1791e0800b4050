"""Ports of this machine."""

from __future__ import annotations

import errno
import os
import secrets
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

from dict_rate_limit.apps.local.process import EmbeddedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

LOOPBACK: Final = "127.0.0.1"
ANSWER_TIMEOUT_SEC: Final = 0.5
PORTS: Final = range(10_000, 32_768)
"""Below those that Linux lends to outgoing connections, of which any may come between our look and a server's bind."""


def free_port() -> int:
    """Return a port nobody listens on now."""
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
    """See that we can listen there; a server that shares its port would start in silence beside another.

    Raises:
        EmbeddedError: we cannot; `variable` is where another port can be named.
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
    """Tell whether somebody listens there."""
    try:
        with socket.create_connection((host, port), ANSWER_TIMEOUT_SEC):
            return True
    except OSError:
        return False


def system_message(error: OSError) -> str:
    """Return what the system says, also where it comes without a number of its own."""
    return os.strerror(error.errno) if isinstance(error.errno, int) and error.errno > 0 else str(error.strerror)


ATTEMPTS: Final = 3


PORT_IN_USE_MESSAGES: Final = ("address already in use", "failed listening")
"""What servers say of a port that is taken, in lower case."""


@asynccontextmanager
async def retry_on_busy_ports(start: Callable[[], AbstractAsyncContextManager[str]]) -> AsyncIterator[str]:
    """Enter what `start` gives, which chooses its ports anew each time; gives its value.

    Raises:
        EmbeddedError: it failed for another reason, or its ports were taken three times.
    """
    async with AsyncExitStack() as scope:
        yield await _enter(scope, start)


async def _enter(scope: AsyncExitStack, start: Callable[[], AbstractAsyncContextManager[str]]) -> str:
    for _ in range(ATTEMPTS - 1):
        try:
            return await scope.enter_async_context(start())
        except EmbeddedError as error:
            if not any(complaint in str(error).lower() for complaint in PORT_IN_USE_MESSAGES):
                raise
    return await scope.enter_async_context(start())
