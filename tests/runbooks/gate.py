"""A door in front of a server, which a test can shut: so that a part is away while the product runs on."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

MOST = 65_536


@dataclass(slots=True, kw_only=True)
class Gate:
    """Passes bytes on to (host, port), or to the socket in the file system where host is a path.

    `tls`: speak it to whoever comes, as an ingress does. `host_name`: replace this Host header by the real one.
    """

    host: str
    port_behind: int = 0
    tls: ssl.SSLContext | None = None
    host_name: bytes = b""
    port: int = 0
    _shut: bool = False
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None

    @property
    def address(self) -> str:
        """Where to knock."""
        return f"127.0.0.1:{self.port}"

    def shut(self) -> None:
        """Let nobody in, and put out who is."""
        assert self._loop is not None
        self._shut = True
        self._loop.call_soon_threadsafe(self._put_out)

    def open(self) -> None:
        """Let everybody in again."""
        self._shut = False

    def _put_out(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def serve(self, ready: threading.Event, ended: asyncio.Event) -> None:
        """Listen until told."""
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._visit, "127.0.0.1", 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await ended.wait()
        self._shut = True
        self._put_out()
        server.close()

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            behind_reader, behind_writer = await self._behind()
            self._open |= {writer, behind_writer}
            if self._shut:
                self._put_out()
            await asyncio.gather(self._pass(reader, behind_writer), self._pass(behind_reader, writer))
            self._open -= {writer, behind_writer}

    async def _behind(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.host.startswith("/"):
            return await asyncio.open_unix_connection(self.host)
        return await asyncio.open_connection(self.host, self.port_behind)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(MOST):
                if self.host_name:
                    data = data.replace(b"Host: " + self.host_name, b"Host: 127.0.0.1", 1)
                writer.write(data)
                await writer.drain()
        writer.transport.abort() if self._shut else writer.close()


@contextmanager
def gates(*doors: Gate) -> Iterator[None]:
    """Hold doors in a thread of their own."""
    ready = [threading.Event() for _ in doors]
    told: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def everything() -> None:
        ended = asyncio.Event()
        told.append((asyncio.get_running_loop(), ended))
        await asyncio.gather(*(door.serve(event, ended) for door, event in zip(doors, ready, strict=True)))

    thread = threading.Thread(target=asyncio.run, args=(everything(),))
    thread.start()
    try:
        for event in ready:
            assert event.wait(10)
        yield
    finally:
        loop, ended = told[0]
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
