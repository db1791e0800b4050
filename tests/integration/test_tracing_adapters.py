"""The spans of each adapter, against its real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bridge_server import OddBridge
from dict_rate_limit.adapters.bridge.source import BridgeSource
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.notify.by_type import NotifierByType
from dict_rate_limit.adapters.notify.guarded_http import AddressGuard, CallError, GuardedHttp
from dict_rate_limit.adapters.notify.webhook import WebhookNotifier
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.adapters.redis import RedisCache
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.domain.errors import CacheUnavailableError, SourceError, StoreError
from dict_rate_limit.domain.notifications.channel import Channel, ChannelType
from http_receiver import answer, http_receiver
from notifier_harness import LOOPBACK, SECRET, message
from span_memory import SpanMemory, attributes

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan


@pytest.fixture
def memory() -> SpanMemory:
    return SpanMemory()


def traceparent(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}-{span.context.span_id:016x}"


async def test_the_bridge_gets_the_span_of_the_call(memory: SpanMemory) -> None:
    bridge = OddBridge()
    async with bridge.serve() as address:
        source = BridgeSource(address, clock=SystemClock(), tracer=memory.tracer)
        with memory.under_way():
            await source.list_policies("12345678")
        await source.close()

    (span,) = memory.spans
    assert traceparent(span) in bridge.metadata[0]["traceparent"]
    assert attributes(span) == {
        "rpc.system.name": "grpc",
        "rpc.method": "bacen.dict.v2.RateLimitService/GetRateLimitPolicies",
        "dict_rate_limit.participant": "12345678",
    }


async def test_an_unavailable_bridge_is_a_failed_span(memory: SpanMemory) -> None:
    source = BridgeSource(f"127.0.0.1:{free_port()}", clock=SystemClock(), tracer=memory.tracer)

    with memory.under_way(), pytest.raises(SourceError):
        await source.list_policies("default")

    await source.close()
    assert attributes(memory.spans[0])["error.type"] == "UNAVAILABLE"


async def test_a_statement_span_has_its_name_without_text_and_values(
    memory: SpanMemory, migrated_database_url: str
) -> None:
    async with open_pool(migrated_database_url, tracer=memory.tracer) as pool:
        with memory.under_way():
            async with pool.connection() as connection:
                await connection.execute(statements("reading")["policy_rules"], {"participant": "12345678"})

    assert [span.name for span in memory.spans] == ["reading.policy_rules", "transaction"]
    assert {tuple(attributes(span).items()) for span in memory.spans} == {(("db.system.name", "postgresql"),)}


async def test_a_failed_statement_fails_its_transaction_without_details(memory: SpanMemory, database_url: str) -> None:
    async with open_pool(database_url, tracer=memory.tracer) as pool:
        with memory.under_way(), pytest.raises(StoreError):
            async with pool.connection() as connection:
                await connection.execute(statements("reading")["policy_rules"], {"participant": "12345678"})

    assert [(span.name, attributes(span)["error.type"]) for span in memory.spans] == [
        ("reading.policy_rules", "UndefinedTable"),
        ("transaction", "SchemaError"),
    ]
    assert all(span.status.description is None and span.events == () for span in memory.spans)


async def test_a_redis_span_has_the_name_of_the_command(memory: SpanMemory, valkey: str) -> None:
    cache = RedisCache(valkey, tracer=memory.tracer)

    with memory.under_way():
        await cache.get("12345678")

    await cache.close()
    (span,) = memory.spans
    assert (span.name, attributes(span)) == ("GET", {"db.system.name": "redis"})


async def test_an_unavailable_redis_is_a_failed_span(memory: SpanMemory) -> None:
    cache = RedisCache(f"127.0.0.1:{free_port()}", tracer=memory.tracer)

    with memory.under_way(), pytest.raises(CacheUnavailableError):
        await cache.ping()

    await cache.close()
    assert attributes(memory.spans[0])["error.type"] == "ConnectionError"


async def test_a_message_and_its_http_call_are_two_spans(memory: SpanMemory) -> None:
    http = GuardedHttp(AddressGuard(allowed=LOOPBACK), tracer=memory.tracer)
    webhook = WebhookNotifier(http=http, clock=SystemClock(), version="1.2.3")
    notifier = NotifierByType(senders={ChannelType.WEBHOOK: webhook}, tracer=memory.tracer)
    async with http_receiver() as receiver:
        channel = Channel(
            name="siem", format=ChannelType.WEBHOOK, url=receiver.url("/t0k3n?key=t0k3n"), secrets=(SECRET,)
        )
        with memory.under_way():
            await notifier.send(channel, message())

    call, notified = memory.spans
    assert (call.name, notified.name, call.parent) == ("POST", "notify webhook", notified.context)
    assert attributes(notified) == {"dict_rate_limit.channel": "siem"}
    assert attributes(call) == {"http.request.method": "POST", "server.address": "127.0.0.1"}
    assert traceparent(call) in receiver.requests[0].headers["traceparent"]


async def test_a_rejected_call_is_a_failed_span(memory: SpanMemory) -> None:
    http = GuardedHttp(AddressGuard(allowed=LOOPBACK), tracer=memory.tracer)
    async with http_receiver() as receiver:
        receiver.answers = lambda _: answer("503 Service Unavailable")
        with memory.under_way():
            await http.call("GET", receiver.url(), timeout_sec=20)
            with pytest.raises(CallError):
                await http.call("GET", "http://10.0.0.1/", timeout_sec=20)

    assert [attributes(span)["error.type"] for span in memory.spans] == ["503", "CallError"]
