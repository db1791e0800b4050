"""Run one HTTP server. The only home of granian."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from dict_rate_limit.serving.asgi import ASGIApp
from dict_rate_limit.serving.rsgi import RsgiApp

DRAIN_TIMEOUT_SEC: Final = 10.0


async def serve(app: ASGIApp | RsgiApp, host: str, port: int, shutdown: asyncio.Event) -> None:
    """Serve until `shutdown`, then finish the running requests within `DRAIN_TIMEOUT_SEC`.

    Raises:
        OSError: the address is taken or does not exist.
    """
    _require_free(host, port)
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.RSGI if isinstance(app, RsgiApp) else Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        log_level=LogLevels.error,
        log_dictconfig={"incremental": True, "handlers": {}, "loggers": {"_granian": {"propagate": True}}},
    )
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(shutdown.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        # granian has no annotation here
        stop: Callable[[], None] = server.stop
        stop()
        await asyncio.wait({serving}, timeout=DRAIN_TIMEOUT_SEC)
        serving.cancel()
    if serving.done() and not serving.cancelled():
        serving.result()


def _require_free(host: str, port: int) -> None:
    # granian binds with SO_REUSEPORT: a second server would answer every other request instead of failing
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
