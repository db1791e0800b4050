"""The way to the collector: in the open and over TLS, and while there is none."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.telemetry.otel import provider as providers
from dict_rate_limit.adapters.telemetry.otel.provider import QUEUE, Collector, TracedService, open_provider
from dict_rate_limit.apps.local.port import free_port
from log_lines import log_lines
from otel_collector import certified, collecting
from samples.worker import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from opentelemetry.trace import Tracer

    from otel_collector import Certified

TESTS = TracedService(name="dict-rate-limit-tests", version="1.2.3")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "SEND_EVERY_MS", 50)
    monkeypatch.setattr(providers, "CALL_SEC", 1.0)


@pytest.fixture
def tls(tmp_path: Path) -> Certified:
    return certified(tmp_path)


@asynccontextmanager
async def tracing(collector: Collector, origin: TracedService = TESTS) -> AsyncIterator[Tracer]:
    """Make spans; the end waits in a thread, so that a collector on this loop can take them."""
    context = open_provider(collector, origin)
    provider = context.__enter__()
    try:
        yield provider.get_tracer("tests")
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


async def has_logged(caplog: pytest.LogCaptureFixture, event: str) -> bool:
    return event in caplog.text


async def test_spans_go_to_the_collector_with_their_resource() -> None:
    async with collecting() as collector, tracing(Collector(endpoint=collector.url)) as otel_tracer:
        otel_tracer.start_span("span").end()
        await collector.until(lambda seen: bool(seen.named("span")))

    assert collector.spans[0].resource == {"service.name": "dict-rate-limit-tests", "service.version": "1.2.3"}


async def test_a_private_authority_is_accepted_over_tls(tls: Certified) -> None:
    async with collecting(credentials=tls.credentials, host="localhost") as collector:
        configured = Collector(
            endpoint=collector.url, certificate=tls.authority, headers=(("authorization", "Bearer x"),)
        )
        async with tracing(configured) as otel_tracer:
            otel_tracer.start_span("span").end()
            await collector.until(lambda seen: bool(seen.named("span")))

    assert collector.metadata[0]["authorization"] == "Bearer x"


async def test_an_untrusted_certificate_gets_no_spans(tls: Certified, caplog: pytest.LogCaptureFixture) -> None:
    async with (
        collecting(credentials=tls.credentials, host="localhost") as collector,
        tracing(Collector(endpoint=collector.url)) as otel_tracer,
    ):
        otel_tracer.start_span("span").end()
        await eventually(lambda: has_logged(caplog, "tracing.interrupted"))

    assert collector.spans == []
    (line,) = log_lines(caplog)
    assert line.startswith(f"tracing.interrupted collector={collector.url} error=Failed to export")


@pytest.mark.parametrize(("share", "kept"), [(0.0, 0), (1.0, 20)])
async def test_the_ratio_sets_the_number_of_sampled_traces(share: float, kept: int) -> None:
    async with collecting() as collector:
        sampled = TracedService(name="s", version="1", share=share)
        async with tracing(Collector(endpoint=collector.url), sampled) as otel_tracer:
            for _ in range(20):
                otel_tracer.start_span("span").end()

    assert len(collector.named("span")) == kept


async def test_a_ratio_samples_whole_traces() -> None:
    async with collecting() as collector:
        sampled = TracedService(name="s", version="1", share=0.5)
        async with tracing(Collector(endpoint=collector.url), sampled) as otel_tracer:
            for _ in range(200):
                with otel_tracer.start_as_current_span("outer"):
                    otel_tracer.start_span("inner").end()

    traces = collector.traces_of("outer")
    assert 50 < len(traces) < 150
    assert all(len(spans) == 2 for spans in traces.values())
    assert len(collector.spans) == 2 * len(traces)


async def test_pending_spans_are_sent_at_the_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "SEND_EVERY_MS", 3_600_000)

    async with collecting() as collector, tracing(Collector(endpoint=collector.url)) as otel_tracer:
        otel_tracer.start_span("span").end()
        before = len(collector.spans)

    assert (before, len(collector.named("span"))) == (0, 1)


async def test_a_late_collector_gets_the_following_spans(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    port = free_port()
    async with tracing(Collector(endpoint=f"http://127.0.0.1:{port}")) as otel_tracer:
        otel_tracer.start_span("early").end()
        await eventually(lambda: has_logged(caplog, "tracing.interrupted"))
        async with collecting(port) as collector:

            async def arrived() -> bool:
                otel_tracer.start_span("late").end()
                return bool(collector.named("late"))

            await eventually(arrived)  # those of the moment in which it came back may still be lost
            await eventually(lambda: has_logged(caplog, "tracing.resumed"))

    said = [line.split()[0] for line in log_lines(caplog)]
    assert said[:2] == ["tracing.interrupted", "tracing.resumed"]  # the end, with the last spans, is another matter


async def test_a_silent_collector_blocks_neither_work_nor_shutdown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with collecting() as collector:
        collector.gate.clear()
        async with asyncio.timeout(60), tracing(Collector(endpoint=collector.url)) as otel_tracer:
            for _ in range(2 * QUEUE):
                otel_tracer.start_span("span").end()
            await eventually(lambda: has_logged(caplog, "tracing.interrupted"))
            lines = log_lines(caplog)

    assert [line.split()[0] for line in lines] == ["tracing.interrupted"]
