"""Traced workflows repeat what untraced ones began, and go on where a killed worker stopped."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from opentelemetry import trace
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from bridge_server import OddBridge
from dict_rate_limit.adapters.telemetry.otel.provider import make_global
from dict_rate_limit.adapters.temporal import tracer_provider, tracing_plugin
from dict_rate_limit.workflows.definitions import WORKFLOWS
from otel_collector import collecting
from temporal_namespace import new_namespace
from traced_worker import MONITOR, Servers, ended, worker

HISTORIES = sorted((Path(__file__).parents[1] / "data").glob("history_*.json"))
POLLING = "bacen.dict.v2.RateLimitService/GetRateLimitPolicies"


def read(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def _global_provider() -> None:
    make_global(tracer_provider()(shutdown_on_exit=False))
    assert trace.get_tracer_provider() is not None


@pytest.mark.usefixtures("_global_provider")
@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_traced_worker_replays_an_untraced_run(path: Path) -> None:
    history = read(path)

    await Replayer(workflows=WORKFLOWS, plugins=[tracing_plugin()]).replay_workflow(history)


@pytest.mark.slow
async def test_a_cycle_of_a_killed_worker_stays_one_trace(
    migrated_database_url: str, valkey: str, temporal_address: str, tmp_path: Path
) -> None:
    namespace, log = (await new_namespace(temporal_address)).namespace, tmp_path / "worker.log"
    gate = asyncio.Event()
    bridge = OddBridge(gate=gate)
    async with bridge.serve() as address, collecting() as collector:
        servers = Servers(
            database_url=migrated_database_url,
            redis=valkey,
            temporal=temporal_address,
            namespace=namespace,
            bridge=address,
        )
        environ = {**servers.environ(), "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        async with worker(environ, log) as first:
            await until_asked(bridge, 1)
            first.kill()
            await first.wait()
        async with worker(environ, log) as second:
            await until_asked(bridge, 2)
            gate.set()
            await collector.until(lambda seen: bool(seen.named(MONITOR)))
            await ended(second)

    (spans,) = collector.traces_of(MONITOR).values()
    (root,) = (span for span in spans if span.name == MONITOR)
    (call,) = (span for span in spans if span.name == POLLING)
    asked = [metadata["traceparent"].split("-")[1] for metadata in bridge.metadata]
    assert set(asked) == {root.trace_id}
    assert root.start_ns < call.start_ns - 5_000_000_000  # since the first worker, whose heartbeat is waited for
    assert [span.name for span in spans if not span.parent] == [MONITOR]


async def until_asked(bridge: OddBridge, times: int) -> None:
    async with asyncio.timeout(60):
        while len(bridge.metadata) < times:  # noqa: ASYNC110 -- it sends no event
            await asyncio.sleep(0.02)
