"""The ASGI application of probes and metrics. It uses no framework, so that nothing of the API can stop it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Final

from dict_rate_limit.serving.asgi import Receive, Scope, Send
from dict_rate_limit.serving.readiness import Readiness

_JSON: Final = b"application/json"


class OperationsApp:
    """Serves `/health`, `/ready` and, when `metrics` is given, `/metrics`."""

    def __init__(self, readiness: Readiness, metrics: Callable[[], Awaitable[bytes]] | None = None) -> None:
        self._readiness = readiness
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
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
            ready, report = await self._readiness.report()
            return 200 if ready else 503, json.dumps(report).encode(), _JSON
        if path == "/metrics" and self._metrics is not None:
            return 200, await self._metrics(), b"text/plain; version=0.0.4; charset=utf-8"
        return 404, b"/health, /ready, /metrics\n", b"text/plain"


async def respond(send: Send, status: int, body: bytes, media_type: bytes, *headers: tuple[bytes, bytes]) -> None:
    """Send one complete response that no cache may store."""
    fixed = (
        (b"content-type", media_type),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    )
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body})
