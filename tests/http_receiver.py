"""An HTTP server that records requests, with configurable responses."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable


@dataclass(frozen=True, slots=True)
class Request:
    """One received request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 -- whatever was sent
        return json.loads(self.body)


Answering = bytes | None
"""The whole answer; None = none, the connection stays open."""


def answer(status: str = "204 No Content", body: bytes = b"", *headers: str) -> bytes:
    """Build a response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass(slots=True)
class HttpReceiver:
    """`answers` makes the response to each request. By default all are accepted."""

    scheme: str = "http"
    port: int = 0
    answers: Callable[[Request], Answering] = lambda _: answer()
    requests: list[Request] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """Return a URL of the receiver."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(method, path, headers, body)
        self.requests.append(request)
        self.asked.set()
        said = self.answers(request)
        if said is None:
            await asyncio.Event().wait()
        else:
            writer.write(said)
            await writer.drain()


@asynccontextmanager
async def http_receiver(trust: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[HttpReceiver]:
    """Run a receiver on a free port, with TLS if `trust` is given."""
    receiver = HttpReceiver(scheme="https" if trust else "http")
    under_way: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await receiver.serve(reader, writer)
        finally:
            under_way.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, host, 0, ssl=trust)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def raw_receiver(greeting: bytes) -> AsyncIterator[int]:
    """Run a server that sends fixed bytes and closes. Yields its port."""

    async def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            writer.write(greeting)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
