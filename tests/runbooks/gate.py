"""A TCP proxy in front of a server. A test closes it to make that server unavailable while the product runs."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

CHUNK_BYTES = 65_536


@dataclass(slots=True, kw_only=True)
class Gate:
    """Forwards bytes to (host, port_behind), or to a Unix socket where host is a path.

    `tls` is spoken to clients, as an ingress does. `host_name` is a Host header to replace with the server's own.
    """

    host: str
    port_behind: int = 0
    tls: ssl.SSLContext | None = None
    host_name: bytes = b""
    port: int = 0
    _closed: bool = False
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        """Reject new connections and abort the open ones."""
        assert self._loop is not None
        self._closed = True
        self._loop.call_soon_threadsafe(self._abort_connections)

    def open(self) -> None:
        """Accept connections again."""
        self._closed = False

    def _abort_connections(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, ready: threading.Event, ended: asyncio.Event) -> None:
        """Accept connections until `ended` is set."""
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await ended.wait()
        self._closed = True
        self._abort_connections()
        server.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            server_reader, server_writer = await self._open_server()
            self._writers |= {writer, server_writer}
            if self._closed:
                self._abort_connections()
            await asyncio.gather(self._forward(reader, server_writer), self._forward(server_reader, writer))
            self._writers -= {writer, server_writer}

    async def _open_server(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.host.startswith("/"):
            return await asyncio.open_unix_connection(self.host)
        return await asyncio.open_connection(self.host, self.port_behind)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if self.host_name:
                    data = data.replace(b"Host: " + self.host_name, b"Host: 127.0.0.1", 1)
                writer.write(data)
                await writer.drain()
        writer.transport.abort() if self._closed else writer.close()


@contextmanager
def serve_gates(*gates: Gate) -> Iterator[None]:
    """Serve the gates in a thread of their own while the block runs."""
    ready = [threading.Event() for _ in gates]
    started: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve_all() -> None:
        ended = asyncio.Event()
        started.append((asyncio.get_running_loop(), ended))
        await asyncio.gather(*(gate.serve(event, ended) for gate, event in zip(gates, ready, strict=True)))

    thread = threading.Thread(target=asyncio.run, args=(serve_all(),))
    thread.start()
    try:
        for event in ready:
            assert event.wait(10)
        yield
    finally:
        loop, ended = started[0]
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
