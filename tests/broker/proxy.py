"""A TCP proxy before the broker that can be cut or lose responses."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dict_rate_limit.apps.local.port import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from broker.server import Broker


@dataclass(slots=True, kw_only=True)
class Proxy:
    """A proxy between a client and a broker. It replaces the address of the broker in responses by its own.

    loses_answers  what the broker says is thrown away, what the client says goes on
    deaf           nothing goes in either direction; `swallowed` is set once something would have
    """

    broker: Broker
    port: int
    loses_answers: bool = False
    deaf: bool = False
    swallowed: asyncio.Event = field(default_factory=asyncio.Event)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"pulsar://{LOOPBACK}:{self.port}"

    async def open(self) -> None:
        """Accept clients again after an outage."""
        self.server = await asyncio.start_server(self._serve, LOOPBACK, self.port)

    def cut(self) -> None:
        """Close all connections and accept none."""
        if self.server is not None:
            self.server.close()
        for writer in self.writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection(LOOPBACK, self.broker.port)
        self.writers |= {writer, here}
        try:
            await asyncio.gather(self._carry(reader, here, back=False), self._carry(there, writer, back=True))
        finally:
            self.writers -= {writer, here}

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, back: bool) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                if self.deaf:
                    self.swallowed.set()
                elif not (back and self.loses_answers):
                    target.write(self._readdressed(data) if back else data)
                    await target.drain()
        target.close()

    def _readdressed(self, data: bytes) -> bytes:
        mine, its = (f"{LOOPBACK}:{port}".encode() for port in (self.port, self.broker.port))
        assert len(mine) == len(its), "ports of one length keep a message's length"
        return data.replace(its, mine)


@asynccontextmanager
async def proxy_to(broker: Broker) -> AsyncIterator[Proxy]:
    """Run a proxy inside the block."""
    proxy = Proxy(broker=broker, port=free_port())
    await proxy.open()
    try:
        yield proxy
    finally:
        proxy.cut()
        while proxy.writers:  # noqa: ASYNC110 -- streams do not tell of their end
            await asyncio.sleep(0)
