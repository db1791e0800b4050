"""Statements as they are timed, on a real database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
import pytest

from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.adapters.telemetry.prometheus.process_metrics import ProcessMetrics
from dict_rate_limit.adapters.telemetry.statement_timer import StatementTimer
from dict_rate_limit.bootstrap.store import postgres_stores
from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.errors import StoreError
from dict_rate_limit.ports.telemetry import NO_ATTRIBUTES, NULL_TRACER, Component
from dict_rate_limit.texts.alert_lines import alert_events
from samples.domain import PARTICIPANT, RULES, bucket, snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from dict_rate_limit.ports.telemetry import Attributes, Span


@dataclass(slots=True)
class Times:
    """A timer and what it has reported."""

    tracer: StatementTimer
    metrics: ProcessMetrics


@pytest.fixture
def times() -> Times:
    metrics = ProcessMetrics()
    return Times(tracer=StatementTimer(metrics), metrics=metrics)


def value(times: Times, name: str, query: str, **more: str) -> float | None:
    wanted = (f"dict_rate_limit_{name}", {"query": query, **more})
    samples = (sample for family in times.metrics.collect() for sample in family.samples)
    return next((sample.value for sample in samples if (sample.name, sample.labels) == wanted), None)


def timed(times: Times) -> dict[str, float]:
    samples = (sample for family in times.metrics.collect() for sample in family.samples)
    return {sample.labels["query"]: sample.value for sample in samples if sample.name.endswith("_seconds_count")}


async def test_a_statement_is_timed_by_its_name(migrated_database_url: str, times: Times) -> None:
    async with open_pool(migrated_database_url, tracer=times.tracer) as pool:
        await postgres_stores(pool).state.latest([PARTICIPANT])
        await postgres_stores(pool).state.latest([PARTICIPANT])

    assert timed(times) == {"reading.latest": 2}
    assert value(times, "sql_errors_total", "reading.latest") == 0


async def test_transactions_and_checks_are_no_statements(migrated_database_url: str, times: Times) -> None:
    async with open_pool(migrated_database_url, tracer=times.tracer) as pool, pool.connection() as connection:
        await connection.execute("SELECT 1")

    assert timed(times) == {}


async def test_all_statements_of_a_recording_are_timed(migrated_database_url: str, times: Times) -> None:
    async with open_pool(migrated_database_url, tracer=times.tracer) as pool:
        poll = snapshot(bucket())
        async with postgres_stores(pool).state.begin(PARTICIPANT) as unit:
            state = await unit.load(poll)
            assert state is not None
            _, evaluation = evaluate_poll(state, poll, RULES)
            await unit.save(evaluation, alert_events(evaluation.changes))

    names = ("lock", "load", "save_poll", "save_reading")
    assert timed(times) == {f"recording.{name}": 1 for name in names}


async def test_a_statement_of_a_pipeline_ends_with_it(migrated_database_url: str) -> None:
    diary = Diary()
    async with open_pool(migrated_database_url, tracer=diary) as pool, pool.connection() as connection:
        async with connection.pipeline():
            await connection.execute(statements("outbox")["backlog"])
            diary.lines.append("queued")
        diary.lines.append("over")

    assert diary.lines[1:-1] == ["outbox.backlog", "queued", "outbox.backlog ended", "over"]


async def test_a_statement_after_a_pipeline_ends_by_itself(migrated_database_url: str) -> None:
    diary = Diary()
    async with open_pool(migrated_database_url, tracer=diary) as pool, pool.connection() as connection:
        async with connection.pipeline():
            pass
        await connection.execute(statements("outbox")["backlog"])
        diary.lines.append("over")

    assert diary.lines[1:-1] == ["outbox.backlog", "outbox.backlog ended", "over"]


async def test_a_statement_that_fails_is_an_error(database_url: str, times: Times) -> None:
    async with open_pool(database_url, tracer=times.tracer) as pool:
        with pytest.raises(StoreError):
            await postgres_stores(pool).outbox.backlog()  # there are no tables

    assert value(times, "sql_errors_total", "outbox.backlog") == 1
    assert value(times, "sql_duration_seconds_bucket", "outbox.backlog", le="+Inf") == 1


async def test_a_failed_pipeline_is_an_error_of_its_statements(database_url: str, times: Times) -> None:
    async with open_pool(database_url, tracer=times.tracer) as pool:
        with pytest.raises(StoreError):
            async with pool.connection() as connection, connection.pipeline():
                await connection.execute(statements("outbox")["backlog"])  # there are no tables

    assert value(times, "sql_errors_total", "outbox.backlog") == 1


async def test_a_cancelled_statement_is_an_error(migrated_database_url: str, times: Times) -> None:
    store_lock = {"participant": PARTICIPANT}
    async with open_pool(migrated_database_url, tracer=times.tracer) as pool, pool.connection() as holder:
        await holder.execute(statements("recording")["lock"], store_lock)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), pool.connection() as waiter:
                await waiter.execute(statements("recording")["lock"], store_lock)

    assert timed(times) == {"recording.lock": 2}
    assert value(times, "sql_errors_total", "recording.lock") == 1


def test_spans_of_other_components_are_ignored(times: Times) -> None:
    with times.tracer.begin(Component.CACHE, "reading.latest"):
        pass

    assert timed(times) == {}


def test_other_listeners_get_the_same_spans() -> None:
    diary = Diary()
    metrics = ProcessMetrics()
    times = Times(tracer=StatementTimer(metrics, diary), metrics=metrics)

    with times.tracer.begin(Component.STORE, "reading.latest", {"db.system.name": "postgresql"}) as span:
        trace_headers = span.trace_headers
    times.tracer.begin(Component.STORE, "reading.audit").end("Timeout")
    times.tracer.begin(Component.BROKER, "send").end()

    assert trace_headers == {"traceparent": "reading.latest"}
    assert diary.lines == [
        "reading.latest",
        "reading.latest ended",
        "reading.audit",
        "reading.audit failed",
        "send",
        "send ended",
    ]
    assert value(times, "sql_errors_total", "reading.audit") == 1


def test_a_span_counts_once(times: Times) -> None:
    with times.tracer.begin(Component.STORE, "reading.latest") as span:
        span.end("Timeout")

    assert timed(times) == {"reading.latest": 1}
    assert value(times, "sql_errors_total", "reading.latest") == 1


async def test_without_listeners_connections_are_not_wrapped(migrated_database_url: str) -> None:
    async with open_pool(migrated_database_url, tracer=NULL_TRACER) as pool, pool.connection() as connection:
        assert type(connection) is psycopg.AsyncConnection


@dataclass(slots=True)
class Diary:
    """Steps that are written down."""

    lines: list[str] = field(default_factory=list)

    def begin(self, _part: Component, name: str, _facts: Attributes = NO_ATTRIBUTES) -> Span:
        self.lines.append(name)
        return DiaryStep(self.lines, name)


@dataclass(slots=True)
class DiaryStep:
    """One of them."""

    lines: list[str]
    name: str

    @property
    def trace_headers(self) -> Mapping[str, str]:
        return {"traceparent": self.name}

    def end(self, failure: str | None = None) -> None:
        self.lines.append(f"{self.name} {'failed' if failure else 'ended'}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, trace
        self.end(None if error is None else "error")
