"""Requests to the API as a program on real servers, traced."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from bridge_server import fake_bridge
from dict_rate_limit.apps.api.program import program
from dict_rate_limit.apps.local.port import accepts_connections, free_port
from dict_rate_limit.settings import load
from log_lines import log_lines
from otel_collector import collecting
from samples.worker import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dict_rate_limit.bootstrap.telemetry import LogContexts
    from otel_collector import Collector

LIST = "/api/v1/rate-limit/policies"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
PATIENCE_SEC = 60


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as collector:
        yield collector


@asynccontextmanager
async def served(
    collector: str, database_url: str, redis: str, contexts: LogContexts | None = None, **more: str
) -> AsyncIterator[httpx.AsyncClient]:
    """Run the program for the length of the block."""
    port, shutdown = free_port(), asyncio.Event()
    async with fake_bridge() as (_, bridge):
        environ = {
            "PORT": str(port),
            "METRICS_PORT": str(free_port()),
            "DATABASE_URL": database_url,
            "REDIS_ADDR": redis,
            "BRIDGE_GRPC_ADDRESS": bridge,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
            "AUTH_ANONYMOUS_ROLE": "operator",
        }
        running = asyncio.create_task(program(load(environ | more), shutdown, [] if contexts is None else contexts))

        async def listens() -> bool:
            return running.done() or accepts_connections("127.0.0.1", port)

        try:
            await eventually(listens)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                yield client
        finally:
            shutdown.set()
            async with asyncio.timeout(PATIENCE_SEC):
                await running


async def test_a_request_span_has_its_caller_as_parent_and_calls_as_children(
    collector: Collector, migrated_database_url: str, valkey: str
) -> None:
    async with served(collector.url, migrated_database_url, valkey) as client:
        answer = await client.get(LIST, headers=CALLER)
        await collector.until(lambda seen: bool(seen.named("GET policies")))

    (request,) = collector.named("GET policies")
    below = [span for span in collector.spans if span.parent == request.span_id]
    assert answer.status_code == 200
    assert (request.trace_id, request.parent) == (TRACE, SPAN)
    assert request.attributes["http.response.status_code"] == 200
    assert [span.name for span in below if "RateLimitService" in span.name or span.name in {"GET", "EVALSHA"}] == [
        "GET",
        "bacen.dict.v2.RateLimitService/GetRateLimitPolicies",
        "EVALSHA",
    ]
    assert {span.resource["service.name"] for span in collector.spans} == {"dict-rate-limit-api"}


async def test_a_cached_response_is_not_traced(collector: Collector, migrated_database_url: str, valkey: str) -> None:
    async with served(collector.url, migrated_database_url, valkey) as client:
        for _ in range(3):
            await client.get(LIST, headers=CALLER)
        await client.get("/schema", headers=CALLER)
        await collector.until(lambda seen: bool(seen.named("GET schema")))

    assert len(collector.named("GET policies")) == 1


async def test_scrapes_and_probes_are_not_traced(collector: Collector, migrated_database_url: str, valkey: str) -> None:
    metrics = free_port()
    async with served(collector.url, migrated_database_url, valkey, METRICS_PORT=str(metrics)) as client:
        for path in ("/health", "/ready", f"http://127.0.0.1:{metrics}/metrics"):
            assert (await client.get(path)).status_code == 200
        await client.get("/schema")
        await collector.until(lambda seen: bool(seen.named("GET schema")))

    assert [span.name for span in collector.spans if not span.parent] == ["GET schema"]


async def test_the_log_line_of_a_request_has_its_trace(
    collector: Collector, migrated_database_url: str, valkey: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    contexts: LogContexts = []
    log = Log(contexts)
    logging.getLogger().addHandler(log)

    async with served(collector.url, migrated_database_url, valkey, contexts) as client:
        await client.post("/api/v1/rate-limit/silences", json={}, headers=CALLER)

    logging.getLogger().removeHandler(log)
    assert [line["trace_id"] for line in log.lines if line["event"] == "request.answered"] == [TRACE]


class Log(logging.Handler):
    """What the program's own log would hold."""

    def __init__(self, contexts: LogContexts) -> None:
        super().__init__()
        self.contexts = contexts
        self.lines: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        line: dict[str, object] = {"event": record.getMessage()}
        for context in self.contexts:
            line.update(context())
        self.lines.append(line)


async def test_an_unavailable_collector_is_only_a_log_line(
    migrated_database_url: str, valkey: str, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"

    async with served(nobody, migrated_database_url, valkey) as client:
        answers = [await client.get(path) for path in (LIST, LIST, "/", "/schema")]
        await eventually(lambda: interrupted(caplog))

    assert [answer.status_code for answer in answers] == [200] * 4
    assert [line.split()[0] for line in log_lines(caplog) if line.startswith("tracing")] == ["tracing.interrupted"]


async def interrupted(caplog: pytest.LogCaptureFixture) -> bool:
    return "tracing.interrupted" in caplog.text
