"""What machines ask of a process: is it alive, is it ready, what has it counted. No framework: it always answers."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any, Final, Protocol

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from dict_rate_limit.domain.errors import DictRateLimitError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dict_rate_limit.serving.asgi import ASGIApp, Receive, Scope, Send

    Check = Callable[[], Awaitable[str]]

CHECK_PATIENCE: Final = 1.0
CHECK_LIFE: Final = 1.0
DRAIN_PATIENCE: Final = 10.0

_JSON: Final = b"application/json"


class Rsgi(Protocol):
    """An application of the server's own interface."""

    def __rsgi__(self, scope: Any, proto: Any) -> Awaitable[None]:  # noqa: ANN401 - the server's own values
        """Answer one request."""


class Readiness:
    """Whether requests should come here. The state of other parts is told, and never makes a process unready.

    A check returns a word ("ok") or raises; only SchemaError makes unready: this code cannot use that database.
    """

    def __init__(self, checks: Mapping[str, Check], monotonic: Callable[[], float]) -> None:
        """Begin as starting. Checks are asked at most once a second, however often we are."""
        self._checks = checks
        self._monotonic = monotonic
        self._phase = "starting"
        self._told: tuple[bool, dict[str, str]] = (False, {})
        self._told_until = float("-inf")
        self._asking = asyncio.Lock()

    def start(self) -> None:
        """Say that everything needed is there."""
        self._phase = "ready"
        self._told_until = float("-inf")

    def drain(self) -> None:
        """Say that the process is about to end."""
        self._phase = "draining"
        self._told_until = float("-inf")

    async def report(self) -> tuple[bool, Mapping[str, str]]:
        """Return whether it is ready, and a word on each part."""
        async with self._asking:
            if self._monotonic() >= self._told_until:
                self._told_until = self._monotonic() + CHECK_LIFE
                self._told = await self._ask()
            return self._told

    async def _ask(self) -> tuple[bool, dict[str, str]]:
        phase = self._phase
        words = await asyncio.gather(*(_word(check) for check in self._checks.values()))
        unusable = [word for word in words if isinstance(word, SchemaError)]
        status = "schema" if unusable and phase == "ready" else phase
        parts = {name: str(word) for name, word in zip(self._checks, words, strict=True)}
        return status == "ready", {"status": status, **parts}


async def _word(check: Check) -> str | SchemaError:
    try:
        async with asyncio.timeout(CHECK_PATIENCE):
            return await check()
    except SchemaError as error:
        return error
    except (DictRateLimitError, TimeoutError):
        return "unavailable"


class OperationsApp:
    """`/health`, `/ready` and, where there is something to tell, `/metrics`."""

    def __init__(self, readiness: Readiness, metrics: Callable[[], Awaitable[bytes]] | None = None) -> None:
        """Take what answers."""
        self._readiness = readiness
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        del receive
        if scope["type"] != "http":
            return
        if scope["method"] not in {"GET", "HEAD"}:
            await respond(send, 405, b"", b"text/plain", (b"allow", b"GET, HEAD"))
            return
        status, body, media_type = await self._answer(scope["path"])
        await respond(send, status, body, media_type)

    async def _answer(self, path: str) -> tuple[int, bytes, bytes]:
        if path == "/health":
            return 200, b'{"status":"ok"}', _JSON
        if path == "/ready":
            ready, parts = await self._readiness.report()
            return 200 if ready else 503, json.dumps(parts).encode(), _JSON
        if path == "/metrics" and self._metrics is not None:
            return 200, await self._metrics(), b"text/plain; version=0.0.4; charset=utf-8"
        return 404, b"/health, /ready, /metrics\n", b"text/plain"


async def respond(send: Send, status: int, body: bytes, media_type: bytes, *headers: tuple[bytes, bytes]) -> None:
    """Send one whole response that nobody may keep."""
    fixed = (
        (b"content-type", media_type),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    )
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body})


async def serve(app: ASGIApp | Rsgi, host: str, port: int, shutdown: asyncio.Event) -> None:
    """Serve until `shutdown`, then finish what is under way, ten seconds at most.

    Raises:
        OSError: the address cannot be had.
    """
    _require_free(host, port)
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.RSGI if hasattr(app, "__rsgi__") else Interfaces.ASGINL,
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
        stop: Callable[[], None] = server.stop  # without annotations there
        stop()
        await asyncio.wait({serving}, timeout=DRAIN_PATIENCE)
        serving.cancel()
    if serving.done() and not serving.cancelled():
        serving.result()


def _require_free(host: str, port: int) -> None:
    """Granian shares a port with whoever has it already; two servers answering in turn would be worse than an error."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
