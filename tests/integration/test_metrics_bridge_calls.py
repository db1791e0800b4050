"""Calls of the Bridge as the metrics count them."""

from __future__ import annotations

import asyncio
import socket

import grpc
import pytest

from bridge_server import LOOPBACK, OddBridge, bridge_source, fake_bridge
from dict_rate_limit.adapters.memory.metrics import MemoryMetrics
from dict_rate_limit.domain.errors import SourceError
from dict_rate_limit.simulator.faults import Fault

US = "default"
LIST, READ = "GetRateLimitPolicies", "GetRateLimitPolicy"


@pytest.fixture
def metrics() -> MemoryMetrics:
    return MemoryMetrics()


def calls(metrics: MemoryMetrics) -> dict[tuple[str, ...], int]:
    """Return the calls by method and code."""
    return {tuple(labels): count for (_, *labels), count in metrics.counts.items()}


async def test_successful_calls_are_counted_by_method(metrics: MemoryMetrics) -> None:
    async with fake_bridge() as (_, address), bridge_source(address, metrics=metrics) as source:
        snapshot = await source.list_policies(US)
        await source.get_policy(US, snapshot.buckets[0].name)

    assert calls(metrics) == {(LIST, "OK"): 1, (READ, "OK"): 1}


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "RESOURCE_EXHAUSTED"),
        (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE"),
        (grpc.StatusCode.UNKNOWN, "UNKNOWN"),
        (grpc.StatusCode.CANCELLED, "DEADLINE_EXCEEDED"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
async def test_an_error_is_counted_by_its_grpc_status(metrics: MemoryMetrics, code: grpc.StatusCode, told: str) -> None:
    bridge = OddBridge(code=code)
    async with bridge.serve() as address, bridge_source(address, metrics=metrics) as source:
        with pytest.raises(SourceError):
            await source.list_policies(US)

    assert calls(metrics) == {(LIST, told): 1}


async def test_our_deadline_counts_as_deadline_exceeded(metrics: MemoryMetrics) -> None:
    with socket.create_server((LOOPBACK, 0)) as mute:
        address = f"{LOOPBACK}:{mute.getsockname()[1]}"
        async with bridge_source(address, deadline=0.2, metrics=metrics) as source:
            with pytest.raises(SourceError):
                await source.list_policies(US)

    assert calls(metrics) == {(LIST, "DEADLINE_EXCEEDED"): 1}


async def test_an_unreadable_response_counts_as_successful(metrics: MemoryMetrics) -> None:
    bridge = OddBridge(body=b"\xff")
    async with bridge.serve() as address, bridge_source(address, metrics=metrics) as source:
        with pytest.raises(SourceError):
            await source.list_policies(US)

    assert calls(metrics) == {(LIST, "OK"): 1}


async def test_a_cancelled_call_counts_as_cancelled(metrics: MemoryMetrics) -> None:
    async with fake_bridge() as (fake, address), bridge_source(address, metrics=metrics) as source:
        fake.inject(Fault.SILENT)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await source.list_policies(US)

    assert calls(metrics) == {(LIST, "CANCELLED"): 1}


async def test_a_connection_closed_during_a_call_counts_as_unavailable(metrics: MemoryMetrics) -> None:
    gate = asyncio.Event()
    bridge = OddBridge(gate=gate)
    async with bridge.serve() as address, bridge_source(address, metrics=metrics) as source:
        call = asyncio.create_task(source.list_policies(US))
        await bridge.asked.wait()

        await source.close()

        with pytest.raises(SourceError):
            await call
        gate.set()

    assert calls(metrics) == {(LIST, "UNAVAILABLE"): 1}


async def test_an_invalid_request_is_not_counted(metrics: MemoryMetrics) -> None:
    async with fake_bridge() as (_, address), bridge_source(address, metrics=metrics) as source:
        with pytest.raises(SourceError):
            await source.list_policies("no participant")

    assert calls(metrics) == {}
