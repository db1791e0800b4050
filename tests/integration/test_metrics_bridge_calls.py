"""Calls of the Bridge as they are told to whoever counts them."""

from __future__ import annotations

import asyncio
import socket

import grpc
import pytest

from bridge_server import LOOPBACK, OddBridge, bridge_source, fake_bridge
from dict_rate_limit.domain.errors import SourceError
from dict_rate_limit.simulator.faults import Fault

US = "default"
LIST, READ = "GetRateLimitPolicies", "GetRateLimitPolicy"


class Calls(list[tuple[str, str]]):
    """Methods and codes in order."""

    def add(self, method: str, code: str) -> None:
        self.append((method, code))


@pytest.fixture
def calls() -> Calls:
    return Calls()


async def test_good_calls_are_told_by_method(calls: Calls) -> None:
    async with fake_bridge() as (_, address), bridge_source(address, on_call=calls.add) as source:
        snapshot = await source.list_policies(US)
        await source.get_policy(US, snapshot.buckets[0].name)

    assert calls == [(LIST, "OK"), (READ, "OK")]


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
async def test_a_refusal_is_told_in_grpcs_words(calls: Calls, code: grpc.StatusCode, told: str) -> None:
    bridge = OddBridge(code=code)
    async with bridge.serve() as address, bridge_source(address, on_call=calls.add) as source:
        with pytest.raises(SourceError):
            await source.list_policies(US)

    assert calls == [(LIST, told)]


async def test_our_own_deadline_is_told_as_one(calls: Calls) -> None:
    with socket.create_server((LOOPBACK, 0)) as mute:
        address = f"{LOOPBACK}:{mute.getsockname()[1]}"
        async with bridge_source(address, deadline=0.2, on_call=calls.add) as source:
            with pytest.raises(SourceError):
                await source.list_policies(US)

    assert calls == [(LIST, "DEADLINE_EXCEEDED")]


async def test_an_answer_that_cannot_be_read_was_a_good_call(calls: Calls) -> None:
    bridge = OddBridge(body=b"\xff")
    async with bridge.serve() as address, bridge_source(address, on_call=calls.add) as source:
        with pytest.raises(SourceError):
            await source.list_policies(US)

    assert calls == [(LIST, "OK")]


async def test_a_call_we_give_up_is_told_as_cancelled(calls: Calls) -> None:
    async with fake_bridge() as (fake, address), bridge_source(address, on_call=calls.add) as source:
        fake.inject(Fault.SILENT)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await source.list_policies(US)

    assert calls == [(LIST, "CANCELLED")]


async def test_a_connection_closed_under_a_call_is_told_as_unavailable(calls: Calls) -> None:
    gate = asyncio.Event()
    bridge = OddBridge(gate=gate)
    async with bridge.serve() as address, bridge_source(address, on_call=calls.add) as source:
        call = asyncio.create_task(source.list_policies(US))
        await bridge.asked.wait()

        await source.close()

        with pytest.raises(SourceError):
            await call
        gate.set()

    assert calls == [(LIST, "UNAVAILABLE")]


async def test_what_is_refused_before_it_is_a_call_is_none(calls: Calls) -> None:
    async with fake_bridge() as (_, address), bridge_source(address, on_call=calls.add) as source:
        with pytest.raises(SourceError):
            await source.list_policies("no participant")

    assert calls == []
