from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bridge_server import LOOPBACK, OddBridge, bridge_source, fake_bridge, port_of
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.simulator.faults import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dict_rate_limit.adapters.bridge.source import BridgeSource
    from dict_rate_limit.domain.buckets.reading import Snapshot

US = "default"
PATIENCE = 20.0
"""Seconds after which a test gives up."""


async def until_read(source: BridgeSource) -> Snapshot:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await source.list_policies(US)
            except SourceError as error:
                assert error.retry_helps  # noqa: PT017 - any other error is a failure
                await asyncio.sleep(0.05)


class Wire:
    """A TCP relay that can fall silent on the connections it has, as a lost network path does."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.connections = 0

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        try:
            yield f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            await self.go_silent()
            for writer in self._writers:
                writer.close()

    async def go_silent(self) -> None:
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, self._target_port)
        self._writers += [writer, inner_writer]
        for source, sink in ((reader, inner_writer), (inner_reader, writer)):
            self._tasks.add(asyncio.create_task(_pump(source, sink)))


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(65_536):
        sink.write(chunk)
        await sink.drain()


async def test_a_refused_connection_fails_before_the_deadline() -> None:
    async with bridge_source(f"{LOOPBACK}:{free_port()}", deadline=600) as source, asyncio.timeout(PATIENCE):
        with pytest.raises(SourceError, match="refused") as caught:
            await source.list_policies(US)

    assert caught.value.outcome is Outcome.UNAVAILABLE


async def test_an_unknown_name_is_unavailable() -> None:
    async with bridge_source("bridge.invalid:1", deadline=5) as source, asyncio.timeout(PATIENCE):
        with pytest.raises(SourceError) as caught:
            await source.list_policies(US)

    assert caught.value.retry_helps


async def test_a_silent_server_exceeds_the_deadline() -> None:
    with socket.create_server((LOOPBACK, 0)) as mute:
        async with bridge_source(f"{LOOPBACK}:{mute.getsockname()[1]}", deadline=0.3) as source:
            with pytest.raises(SourceError) as caught:
                await source.list_policies(US)

    assert caught.value.outcome is Outcome.DEADLINE_EXCEEDED


async def test_the_connection_is_reused() -> None:
    bridge = OddBridge()
    async with bridge.serve() as address, bridge_source(address) as source:
        for _ in range(5):
            await source.list_policies(US)

    assert len(bridge.peers) == 1


async def test_a_source_created_before_the_bridge_reads_later() -> None:
    port = free_port()
    async with bridge_source(f"{LOOPBACK}:{port}") as source:
        with pytest.raises(SourceError):
            await source.list_policies(US)
        async with fake_bridge(port=port):
            snapshot = await until_read(source)

    assert snapshot.outcome is Outcome.OK


async def test_the_source_recovers_after_a_restart_of_the_bridge() -> None:
    async with fake_bridge() as (_, address):
        source_context = bridge_source(address)
        source = await source_context.__aenter__()
        await source.list_policies(US)
    with pytest.raises(SourceError) as while_down:
        await source.list_policies(US)

    async with fake_bridge(port=port_of(address)):
        snapshot = await until_read(source)
        await source_context.__aexit__(None, None, None)

    assert while_down.value.outcome is Outcome.UNAVAILABLE
    assert snapshot.outcome is Outcome.OK


async def test_a_silently_dead_connection_is_replaced() -> None:
    async with fake_bridge() as (_, behind):
        wire = Wire(port_of(behind))
        async with wire.serve() as address, bridge_source(address, deadline=2.0) as source:
            await source.list_policies(US)
            await wire.go_silent()
            with pytest.raises(SourceError) as caught:
                await source.list_policies(US)

            snapshot = await until_read(source)

    assert caught.value.outcome is Outcome.DEADLINE_EXCEEDED
    assert (snapshot.outcome, wire.connections) == (Outcome.OK, 2)


async def test_several_silent_calls_replace_the_connection_once() -> None:
    async with fake_bridge() as (_, behind):
        wire = Wire(port_of(behind))
        async with wire.serve() as address, bridge_source(address, deadline=2.0) as source:
            await source.list_policies(US)
            await wire.go_silent()
            lost = await asyncio.gather(*(source.list_policies(US) for _ in range(5)), return_exceptions=True)

            await until_read(source)

    assert [type(error) for error in lost] == [SourceError] * 5
    assert wire.connections == 2


async def test_a_cancelled_call_ends_as_cancelled() -> None:
    async with fake_bridge() as (fake, address), bridge_source(address) as source:
        fake.inject(Fault.SILENT)
        call = asyncio.create_task(source.list_policies(US))
        await asyncio.sleep(0.05)

        call.cancel()

        with pytest.raises(asyncio.CancelledError):
            await call


async def test_a_timeout_around_a_call_is_a_timeout_error() -> None:
    async with fake_bridge() as (fake, address), bridge_source(address) as source:
        fake.inject(Fault.SILENT)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await source.list_policies(US)


async def test_closing_ends_a_running_call_with_a_source_error() -> None:
    async with fake_bridge() as (fake, address), bridge_source(address) as source:
        fake.inject(Fault.SILENT)
        call = asyncio.create_task(source.list_policies(US))
        await asyncio.sleep(0.05)

        await source.close()

        with pytest.raises(SourceError, match="closed during the call"):
            await call


async def test_a_closed_source_raises_and_can_be_closed_again() -> None:
    async with fake_bridge() as (_, address), bridge_source(address) as source:
        await source.list_policies(US)
        await source.close()

        with pytest.raises(SourceError, match="is closed") as caught:
            await source.list_policies(US)

    assert caught.value.outcome is Outcome.UNAVAILABLE
