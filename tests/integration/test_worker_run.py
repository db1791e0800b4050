"""The worker on the dev server, everything else in memory."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from temporalio.client import Client

from dict_rate_limit.adapters import temporal
from dict_rate_limit.adapters.temporal import TemporalAddress, TemporalTls, connect, run_worker
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.apps.worker import run, run_with_operations
from dict_rate_limit.domain.errors import SchedulerUnavailableError, SchemaError, SettingsError, StoreUnavailableError
from dict_rate_limit.serving.operations import OperationsApp
from samples.worker import Stage, eventually, is_idle, running_worker
from temporal_namespace import new_namespaces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CYCLE = "monitor-rate-limits-1"


@pytest.fixture(scope="module")
def namespaces(temporal_address: str) -> Iterator[TemporalAddress]:
    return new_namespaces(temporal_address, 16)


@pytest.fixture
def address(namespaces: Iterator[TemporalAddress]) -> TemporalAddress:
    return next(namespaces)


@pytest.fixture
def nowhere() -> TemporalAddress:
    return TemporalAddress(host=f"127.0.0.1:{free_port()}", namespace="dict")


async def trigger(address: TemporalAddress) -> None:
    await (await connect(address)).get_schedule_handle(CYCLE).trigger()


async def test_a_new_worker_polls_records_and_caches_at_once(address: TemporalAddress) -> None:
    stage = Stage()

    async with running_worker(stage.parts(address)):
        await eventually(stage.has_recorded)
        await eventually(lambda: is_cached(stage))

    assert stage.source.calls == 1


async def is_cached(stage: Stage) -> bool:
    return await stage.cache.get("12345678") is not None


async def test_two_workers_make_one_poll_per_interval(address: TemporalAddress) -> None:
    stage = Stage()
    parts = stage.parts(address)

    async with running_worker(parts), running_worker(parts):
        await eventually(stage.has_recorded)
        await eventually(lambda: is_idle(address, CYCLE))
        await trigger(address)
        await eventually(lambda: stage.has_recorded(2))

    assert stage.source.calls == 2


async def test_the_worker_waits_for_the_schema_and_logs_it(address: TemporalAddress) -> None:
    stage = Stage(missing=SchemaError("not applied: 003"))
    parts = stage.parts(address)

    async with running_worker(parts):
        await eventually(lambda: says(stage, "waiting: not applied: 003"))
        ready, _ = await parts.readiness.report()
        stage.missing = None
        await eventually(stage.has_recorded)

    assert not ready


async def says(stage: Stage, words: str) -> bool:
    return (await stage.progress.worker()).startswith(words)


async def test_the_worker_waits_for_the_database(address: TemporalAddress) -> None:
    stage = Stage(missing=StoreUnavailableError("PostgreSQL is away"))

    async with running_worker(stage.parts(address)):
        await eventually(lambda: says(stage, "waiting: PostgreSQL is away"))
        stage.missing = None
        await eventually(stage.has_recorded)


async def test_the_worker_waits_for_temporal_and_logs_it_once(
    nowhere: TemporalAddress, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()

    async with running_worker(stage.parts(nowhere)):
        await eventually(lambda: says(stage, f"waiting: Temporal at {nowhere.host} cannot be reached"))
        await asyncio.sleep(0.2)

    assert caplog.text.count("worker.waiting") == 1
    assert await stage.progress.temporal() == "unavailable"


async def test_the_ready_worker_logs_its_components(address: TemporalAddress) -> None:
    stage = Stage()
    parts = stage.parts(address)

    async with running_worker(parts):
        await eventually(stage.has_recorded)
        report = await parts.readiness.report()

    assert report == (True, {"status": "ready", "worker": "ok", "temporal": "ok"})


async def test_a_running_activity_finishes_before_the_end(address: TemporalAddress) -> None:
    stage = Stage()
    stage.source.gate.clear()

    async with running_worker(stage.parts(address)) as shutdown:
        await stage.source.asked.wait()
        shutdown.set()
        await asyncio.sleep(0.1)
        stage.source.gate.set()
    async with running_worker(stage.parts(address)):
        await eventually(stage.has_recorded)

    assert stage.source.calls == 1


async def test_an_invalid_cron_expression_stops_the_worker(address: TemporalAddress) -> None:
    with pytest.raises(SettingsError, match="INVALID_ARGUMENT"):
        await run(Stage().parts(address, cron="now and then"), asyncio.Event())


async def test_an_unreadable_certificate_stops_the_worker(address: TemporalAddress, tmp_path: Path) -> None:
    tls = TemporalTls(cert_file=tmp_path / "absent.pem", key_file=tmp_path / "absent.key")
    secured = TemporalAddress(host=address.host, namespace=address.namespace, tls=tls)

    with pytest.raises(SettingsError, match="TEMPORAL_TLS_CERT_FILE"):
        await run(Stage().parts(secured), asyncio.Event())


async def test_the_worker_waits_for_a_temporal_without_tls(address: TemporalAddress) -> None:
    stage = Stage()
    secured = TemporalAddress(host=address.host, namespace=address.namespace, tls=TemporalTls())

    async with running_worker(stage.parts(secured)):
        await eventually(lambda: says(stage, "waiting: Temporal at"))


async def test_probes_are_answered_until_the_last_activity(nowhere: TemporalAddress) -> None:
    parts, port, shutdown = Stage().parts(nowhere), free_port(), asyncio.Event()
    running = asyncio.create_task(
        run_with_operations(parts, OperationsApp(parts.readiness), ("127.0.0.1", port), shutdown)
    )

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        await eventually(lambda: listens(http))
        health, ready = await http.get("/health"), await http.get("/ready")
    shutdown.set()
    await running

    assert (health.status_code, ready.status_code) == (200, 503)
    assert json.loads(ready.text)["status"] == "starting"


async def listens(http: httpx.AsyncClient) -> bool:
    try:
        await http.get("/health")
    except httpx.TransportError:
        return False
    return True


async def test_a_used_port_stops_the_worker(nowhere: TemporalAddress) -> None:
    parts = Stage().parts(nowhere)
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    taken = server.sockets[0].getsockname()

    async with server:
        with pytest.raises(OSError, match="in use"):
            await run_with_operations(parts, OperationsApp(parts.readiness), taken, asyncio.Event())


async def test_a_deleted_namespace_stops_the_worker_with_a_retryable_error(address: TemporalAddress) -> None:
    client = await Client.connect(address.host, namespace="no-such")
    parts = Stage().parts(address)

    with pytest.raises(SchedulerUnavailableError, match="worker ended"):
        await run_worker(client, "queue", parts.activities, shutdown=asyncio.Event(), drain=timedelta(0))


async def test_an_endless_activity_does_not_block_the_shutdown(
    address: TemporalAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporal, "SHUTDOWN_GRACE", timedelta(milliseconds=200))
    stage = Stage()
    stage.source.deaf = True
    stage.source.gate.clear()

    async with running_worker(replace(stage.parts(address), drain=timedelta(0))):
        await stage.source.asked.wait()

    assert stage.source.calls == 1
    stage.source.gate.set()
