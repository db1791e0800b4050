"""One trace from schedule to event: the worker as a program, on real servers, with a collector behind TLS."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from temporalio.worker import Replayer

from bridge_server import fake_bridge
from conftest import DATABASE_NUMBERS, database
from dict_rate_limit.workflows.definitions import WORKFLOWS
from otel_collector import certified, collecting
from temporal_namespace import new_namespace
from traced_worker import MONITOR, Cycle, Servers, first_cycle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_collector import Seen

ACTIVITIES = ("fetch", "record", "publish", "notify")
HIDDEN = "hunter2"
CLIENT = 3


@pytest.fixture(scope="module")
def cycle(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: str,
    migrated_template: str,
    valkey_addr: str,
    temporal_address: str,
) -> Iterator[Cycle]:
    folder = tmp_path_factory.mktemp("traced")
    tls = certified(folder)
    traces = {
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(tls.authority),
        "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{HIDDEN}",
        "OTEL_TRACES_SAMPLER": "always_off",  # somebody else's variable: not looked at
        "OTEL_SERVICE_NAME": "another",
    }

    async def run(database_url: str) -> Cycle:
        namespace = (await new_namespace(temporal_address)).namespace
        async with fake_bridge() as (_, bridge), collecting(credentials=tls.credentials, host="localhost") as collector:
            servers = Servers(
                database_url=with_password(database_url),
                redis=valkey_addr,
                temporal=temporal_address,
                namespace=namespace,
                bridge=bridge,
            )
            endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
            return await first_cycle(servers, collector, traces | endpoint, folder / "worker.log")

    with (
        database(postgres_server, f"test_{next(DATABASE_NUMBERS)}", template=migrated_template) as url,
        asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner,
    ):
        yield runner.run(run(url))


def with_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}:{HIDDEN}@{parts.hostname or ''}").geturl()


def child_of(cycle: Cycle, parent: Seen) -> list[str]:
    return [span.name for span in cycle.spans if span.parent == parent.span_id]


def test_a_cycle_is_one_trace_with_one_root(cycle: Cycle) -> None:
    roots = [span.name for span in cycle.spans if not span.parent]
    known = {span.span_id for span in cycle.spans}

    assert roots == [MONITOR]
    assert [span.name for span in cycle.spans if span.parent and span.parent not in known] == []


def test_the_root_lasts_as_long_as_the_cycle(cycle: Cycle) -> None:
    root = cycle.one(MONITOR)

    assert root.start_ns == min(span.start_ns for span in cycle.spans)
    assert root.end_ns >= max(cycle.one(f"RunActivity:{name}").end_ns for name in ACTIVITIES)


def test_activities_are_sequential_children_of_the_workflow(cycle: Cycle) -> None:
    root = cycle.one(MONITOR)
    begun = [cycle.one(f"StartActivity:{name}") for name in ACTIVITIES]
    run = [cycle.one(f"RunActivity:{name}") for name in ACTIVITIES]

    assert [span.parent for span in begun] == [root.span_id] * 4
    assert [span.parent for span in run] == [span.span_id for span in begun]
    assert all(one.end_ns <= next_one.start_ns for one, next_one in pairwise(run))


def test_the_bridge_call_is_a_child_of_the_fetch(cycle: Cycle) -> None:
    call = cycle.one("bacen.dict.v2.RateLimitService/GetRateLimitPolicies")

    assert call.parent == cycle.one("RunActivity:fetch").span_id
    assert call.kind == CLIENT
    assert call.attributes["dict_rate_limit.participant"] == "default"


def test_named_statements_are_children_of_their_transaction(cycle: Cycle) -> None:
    recording = cycle.one("RunActivity:record")
    (transaction,) = (span for span in cycle.spans if span.parent == recording.span_id)

    assert transaction.name == "transaction"
    assert child_of(cycle, transaction) == [
        "recording.lock",
        "recording.load",
        "recording.save_poll",
        "recording.save_reading",
        "recording.save_alerts",
    ]


def test_the_redis_call_is_a_child_of_the_publishing(cycle: Cycle) -> None:
    put = cycle.one("EVALSHA")

    assert put.parent == cycle.one("RunActivity:publish").span_id
    assert put.attributes == {"db.system.name": "redis"}


def test_every_span_has_its_resource(cycle: Cycle) -> None:
    assert {span.resource["service.name"] for span in cycle.collector.spans} == {"dict-rate-limit-worker"}
    assert all(span.resource["service.version"] for span in cycle.collector.spans)


def test_the_log_line_of_a_cycle_has_trace_and_workflow(cycle: Cycle) -> None:
    (line,) = cycle.lines("cycle.completed")

    assert (line["trace_id"], line["span_id"]) == (cycle.trace_id, cycle.one(MONITOR).span_id)
    assert line["run_id"] == cycle.one(MONITOR).attributes["temporalRunID"]


def test_log_lines_outside_a_trace_have_no_trace(cycle: Cycle) -> None:
    (line,) = cycle.lines("monitoring.started")

    assert "trace_id" not in line


def test_the_collector_gets_the_headers(cycle: Cycle) -> None:
    assert {call["authorization"] for call in cycle.collector.metadata} == {f"Bearer {HIDDEN}"}


def test_spans_and_log_contain_no_secrets(cycle: Cycle) -> None:
    assert HIDDEN not in "".join(span.text for span in cycle.collector.spans)
    assert HIDDEN not in cycle.log


def test_spans_contain_neither_statements_nor_parameters(cycle: Cycle) -> None:
    texts = "".join(span.text for span in cycle.spans)

    assert "SELECT" not in texts.upper()
    assert "CLAIMS_READ" not in texts  # a policy: its name travels in parameters


def test_readiness_and_schedule_checks_are_not_traced(cycle: Cycle) -> None:
    roots = {span.name for span in cycle.collector.spans if not span.parent}

    assert all(name.startswith("RunWorkflow:") for name in roots)


def test_the_worker_stops_cleanly(cycle: Cycle) -> None:
    assert cycle.code == 0


async def test_an_untraced_worker_replays_a_traced_run(cycle: Cycle) -> None:
    await Replayer(workflows=WORKFLOWS).replay_workflow(cycle.history)


def test_histories_differ_only_in_activity_headers(cycle: Cycle) -> None:
    events = json.loads(cycle.history.to_json())["events"]
    headed = {event["eventType"] for event in events if "_tracer-data" in json.dumps(event)}

    assert headed == {"EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"}
