"""The metrics that Prometheus scrapes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.world import World
from delivery_fixture import KnownDelivery
from dict_rate_limit.adapters.memory.maintenance import MemoryMaintenance
from dict_rate_limit.adapters.memory.polls import MemoryStateStore
from dict_rate_limit.adapters.memory.stores import memory_stores
from dict_rate_limit.adapters.telemetry.prometheus import store_metrics
from dict_rate_limit.adapters.telemetry.prometheus.catalog import SHORT_BOUNDS
from dict_rate_limit.adapters.telemetry.prometheus.exporter import (
    Exporter,
    Given,
    StoredSource,
    single,
)
from dict_rate_limit.adapters.telemetry.prometheus.process_metrics import HttpCollector, ProcessMetrics
from dict_rate_limit.domain.alerts.state import PolicyOverride
from dict_rate_limit.domain.errors import StoreUnavailableError
from dict_rate_limit.domain.notifications.routing import Status
from dict_rate_limit.ports.delivery import Backlog
from dict_rate_limit.ports.telemetry import CountMetric
from samples.alerts import silence
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, THRESHOLDS, bucket, failure, snapshot, ticks
from samples.readings import OTHER, absent_stores, recorded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Literal

    from prometheus_client.registry import Collector

    from dict_rate_limit.ports.stores import LatestReading

LIST = "/api/v1/rate-limit/policies"
Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def world() -> World:
    return World()


async def scraped(world: World, counted: Sequence[Collector] = (), known: KnownDelivery | None = None) -> Series:
    known = known or KnownDelivery()
    source = StoredSource(
        stores=replace(world.stores, outbox=known.outbox, notifications=known.notifications, silences=known.silences),
        participants=world.participants,
        thresholds=THRESHOLDS,
        interval=FIVE_MINUTES,
        clock=world.clock,
    )
    return parsed(await Exporter("1.2.3", source, counted).scrape())


def parsed(text: bytes) -> Series:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(series: Series, name: str, **labels: str) -> float | None:
    return series.get((f"dict_rate_limit_{name}", tuple(sorted(labels.items()))))


def count(series: Series, name: str) -> int:
    return sum(1 for found, _ in series if found == f"dict_rate_limit_{name}")


async def test_a_bucket_is_exported_raw_with_share_and_level(world: World) -> None:
    await recorded(world.stores, snapshot(bucket(250), bucket(-15, 20, "LOW")))

    series = await scraped(world)

    of_claims = {"participant": PARTICIPANT, "policy": "CLAIMS_READ"}
    assert value(series, "tokens_available", **of_claims) == 250
    assert value(series, "capacity", **of_claims) == 1000
    assert value(series, "utilization_ratio", **of_claims) == 0.75
    assert value(series, "tokens_available", participant=PARTICIPANT, policy="LOW") == -15
    assert value(series, "level", **of_claims) == 1
    assert [value(series, f"{name}_threshold_ratio", **of_claims) for name in ("warning", "critical")] == [0.25, 0.1]
    assert [value(series, "exhausted", participant=PARTICIPANT, policy=name) for name in ("CLAIMS_READ", "LOW")] == [
        0,
        1,
    ]


async def test_the_forecast_of_a_bucket_is_exported_as_bounds(world: World) -> None:
    await recorded(world.stores, *ticks(bucket(1000, 2000), bucket(400, 2000)))

    series = await scraped(world)

    bounds = [{"participant": PARTICIPANT, "policy": "CLAIMS_READ", "bound": bound} for bound in ("lower", "upper")]
    assert [value(series, "consumption_tokens_per_second", **bound) for bound in bounds] == [3.0, 3.0]
    assert [value(series, "time_to_empty_seconds", **bound) for bound in bounds] == [200.0, 200.0]
    assert [value(series, "time_to_full_seconds", **bound) for bound in bounds] == [1600.0, 1620.0]


async def test_an_unused_bucket_never_empties(world: World) -> None:
    await recorded(world.stores, *ticks(bucket(400, 2000), bucket(700, 2000)))

    series = await scraped(world)

    bound = {"participant": PARTICIPANT, "policy": "CLAIMS_READ", "bound": "upper"}
    assert value(series, "time_to_empty_seconds", **bound) == inf


async def test_a_first_reading_exports_no_pace(world: World) -> None:
    await recorded(world.stores, snapshot(bucket(400, 2000)))

    series = await scraped(world)

    assert [count(series, name) for name in ("consumption_tokens_per_second", "time_to_empty_seconds")] == [0, 0]


async def test_a_bucket_that_fills_between_two_polls_is_marked(world: World) -> None:
    await recorded(world.stores, snapshot(bucket(70, 70, "KEYS_CHECK", 70), bucket(1000, 18000, "CLAIMS_READ", 600)))

    series = await scraped(world)

    assert value(series, "blind_below_seconds", participant=PARTICIPANT, policy="KEYS_CHECK") == 60
    assert count(series, "blind_below_seconds") == 1


async def test_the_tokens_of_our_own_polls_are_exported(world: World) -> None:
    await recorded(world.stores, snapshot(bucket(20, 20, "POLICIES_LIST", 6)))

    series = await scraped(world)

    assert value(series, "own_spending_tokens_per_second", participant=PARTICIPANT, policy="POLICIES_LIST") == 1 / 300


async def test_all_alert_transitions_are_counted(world: World) -> None:
    await recorded(world.stores, *ticks(bucket(1000), bucket(200), bucket(200, 2000)))

    series = await scraped(world)

    opened = {"participant": PARTICIPANT, "kind": "THRESHOLD", "transition": "OPENED"}
    assert value(series, "alert_transitions_total", **opened) == 1
    assert value(series, "limit_changes_total", participant=PARTICIPANT, policy="CLAIMS_READ") == 1


async def test_the_level_follows_the_operators_thresholds(world: World) -> None:
    stores = memory_stores(world.clock)
    stores.database.set_policy_override(PARTICIPANT, "CLAIMS_READ", PolicyOverride(warning=10_000, critical=10_000))
    world.stores = stores
    await recorded(stores, snapshot(bucket()))

    series = await scraped(world)

    assert value(series, "level", participant=PARTICIPANT, policy="CLAIMS_READ") == 2


async def test_unknown_values_have_no_series(world: World) -> None:
    await recorded(world.stores, snapshot(bucket(0, 0)), replace(failure(), participant=OTHER))

    series = await scraped(world)

    assert count(series, "utilization_ratio") == 0
    assert value(series, "tokens_available", participant=PARTICIPANT, policy="CLAIMS_READ") == 0
    assert value(series, "reading_age_seconds", participant=OTHER) is None
    assert value(series, "poll_age_seconds", participant=OTHER) == 0


async def test_a_participant_that_was_never_polled_has_no_series(world: World) -> None:
    series = await scraped(world)

    assert [count(series, name) for name in ("poll_age_seconds", "polls_total", "level", "alerts_open")] == [0, 0, 0, 0]
    assert value(series, "store_up") == 1


async def test_polls_and_readings_have_separate_ages(world: World) -> None:
    await recorded(world.stores, snapshot(bucket()), failure(at=NOON + timedelta(seconds=30)))
    world.clock.advance(90)

    series = await scraped(world)

    assert value(series, "poll_age_seconds", participant=PARTICIPANT) == 60
    assert value(series, "reading_age_seconds", participant=PARTICIPANT) == 90


async def test_polls_are_counted_by_outcome_and_alerts_by_kind(world: World) -> None:
    await recorded(world.stores, snapshot(bucket(0)), failure(at=NOON + timedelta(seconds=30)))

    series = await scraped(world)

    assert value(series, "polls_total", participant=PARTICIPANT, outcome="OK") == 1
    assert value(series, "polls_total", participant=PARTICIPANT, outcome="UNAVAILABLE") == 1
    assert value(series, "alerts_open", participant=PARTICIPANT, kind="THRESHOLD", severity="CRITICAL") == 1
    assert value(series, "category_info", participant=PARTICIPANT, category="C") == 1


async def test_series_of_a_vanished_policy_vanish(world: World) -> None:
    await recorded(world.stores, snapshot(bucket(), bucket(name="GONE")))
    before = await scraped(world)
    await recorded(world.stores, snapshot(bucket(), at=NOON + timedelta(minutes=5)))

    after = await scraped(world)

    assert [value(series, "capacity", participant=PARTICIPANT, policy="GONE") for series in (before, after)] == [
        1000,
        None,
    ]


async def test_an_empty_outbox_has_no_age(world: World) -> None:
    series = await scraped(world)

    assert (value(series, "outbox_waiting"), value(series, "outbox_dead")) == (0, 0)
    assert value(series, "outbox_oldest_age_seconds") is None


async def test_the_outbox_exports_pending_age_and_dead_letters(world: World) -> None:
    known = KnownDelivery(waiting=Backlog(waiting=7, oldest_at=NOON - timedelta(minutes=3), dead=2))

    series = await scraped(world, known=known)

    assert value(series, "outbox_waiting") == 7
    assert value(series, "outbox_oldest_age_seconds") == 180
    assert value(series, "outbox_dead") == 2


async def test_notifications_are_counted_by_channel_and_status(world: World) -> None:
    counts = {("ops", Status.DELIVERED): 5, ("ops", Status.PENDING): 1, ("boss", Status.DEAD): 3}
    known = KnownDelivery(counts=counts, pending_since={"ops": NOON - timedelta(seconds=40)})

    series = await scraped(world, known=known)

    assert value(series, "notifications", channel="ops", status="DELIVERED") == 5
    assert value(series, "notifications", channel="boss", status="DEAD") == 3
    assert value(series, "notification_oldest_age_seconds", channel="ops") == 40
    assert value(series, "notification_oldest_age_seconds", channel="boss") is None


async def test_future_silences_are_not_active(world: World) -> None:
    later = silence(starts_at=NOON + timedelta(minutes=1))
    known = KnownDelivery(known_silences=[silence(), later])

    before = await scraped(world, known=known)
    world.clock.advance(60)
    after = await scraped(world, known=known)

    assert [value(series, "silences_active") for series in (before, after)] == [1, 2]


async def test_a_failed_delivery_query_means_the_store_is_down(world: World) -> None:
    series = await scraped(world, known=KnownDelivery(away=True))

    assert value(series, "store_up") == 0
    assert [count(series, name) for name in ("outbox_waiting", "notifications", "silences_active")] == [0, 0, 0]


@pytest.mark.parametrize("destination", ["log", "pulsar"])
async def test_the_destination_is_exported_without_the_database(
    world: World, destination: Literal["log", "pulsar"]
) -> None:
    world.stores = absent_stores(world.clock)

    series = await scraped(world, [Given([single("publisher_info", 1, destination)])])

    assert value(series, "publisher_info", destination=destination) == 1


async def test_without_the_database_process_metrics_remain(world: World) -> None:
    world.stores = absent_stores(world.clock)
    traffic = HttpCollector()
    traffic.route("page").add("GET", 200, 0.1)

    series = await scraped(world, [traffic])

    assert value(series, "store_up") == 0
    assert value(series, "build_info", version="1.2.3") == 1
    assert value(series, "http_requests_total", route="page", method="GET", status="200") == 1
    assert ("process_resident_memory_bytes", ()) in series
    assert count(series, "level") == 0


class OutdatedHealth(MemoryMaintenance):
    """The schema is behind: the store reports its version, and nothing else."""

    async def schema_version(self) -> int | None:
        return 7

    async def partitions_ahead(self, today: datetime) -> int:
        raise StoreUnavailableError(str(today))


async def test_an_older_schema_still_exports_its_version(world: World) -> None:
    away = absent_stores(world.clock)
    world.stores = replace(away, health=OutdatedHealth(away.database, NOON))

    series = await scraped(world)

    assert (value(series, "store_up"), value(series, "schema_version")) == (0, 7)
    assert value(series, "partitions_ahead") is None


async def test_partitions_ahead_are_exported_with_a_schema(world: World) -> None:
    class Ready(OutdatedHealth):
        async def partitions_ahead(self, today: datetime) -> int:
            return 2 if today == NOON else 0

    away = absent_stores(world.clock)
    world.stores = replace(away, health=Ready(away.database, NOON))

    assert value(await scraped(world), "partitions_ahead") == 2


class SilentState(MemoryStateStore):
    """Never answers."""

    async def latest(self, participants: Sequence[str]) -> Mapping[str, LatestReading]:
        await asyncio.sleep(3600)
        return await super().latest(participants)


async def test_a_silent_database_times_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_metrics, "STORE_TIMEOUT_SEC", 0.01)
    stores = memory_stores(world.clock)
    world.stores = replace(stores, state=SilentState(stores.database))

    assert value(await scraped(world), "store_up") == 0


async def test_a_process_without_a_store_exports_no_store_metrics() -> None:
    series = parsed(await Exporter("1.2.3").scrape())

    assert (count(series, "build_info"), count(series, "store_up")) == (1, 0)


async def test_calls_for_readers_are_counted_by_outcome(world: World) -> None:
    metrics = ProcessMetrics()
    metrics.count(CountMetric.SOURCE_CALLS, PARTICIPANT, "RATE_LIMITED")

    series = await scraped(world, [metrics])

    assert value(series, "source_calls_total", participant=PARTICIPANT, outcome="RATE_LIMITED") == 1


async def test_every_response_of_the_api_is_counted_by_route(world: World) -> None:
    app = world.app()
    async with world.client(app) as client:
        for path in (LIST, LIST, f"{LIST}?status=OK", f"{LIST}/CLAIMS_READ", f"{LIST}/x", "/", "/nope/nope", "/health"):
            await client.get(path)
        await client.request("BREW", LIST)
        await client.head("/static/base.css")

    series = parsed(await Exporter("1", counted=[world.traffic]).scrape())

    told = {
        tuple(dict(labels)[name] for name in ("route", "method", "status")): number
        for (name, labels), number in series.items()
        if name == "dict_rate_limit_http_requests_total"
    }
    assert told == {
        ("policies", "GET", "200"): 3,
        ("policies", "other", "403"): 1,
        ("policy", "GET", "200"): 1,
        ("policy", "GET", "400"): 1,
        ("page", "GET", "200"): 1,
        ("other", "GET", "404"): 1,
        ("health", "GET", "200"): 1,
        ("static", "HEAD", "200"): 1,
    }


async def test_durations_are_a_histogram(world: World) -> None:
    traffic = HttpCollector()
    route = traffic.route("policies")
    for seconds in (0.0001, SHORT_BOUNDS[0], 0.3, 99):
        route.add("GET", 200, seconds)

    series = await scraped(world, [traffic])

    buckets = {
        dict(labels)["le"]: number
        for (name, labels), number in series.items()
        if name == "dict_rate_limit_http_request_duration_seconds_bucket"
    }
    assert (buckets["0.0005"], buckets["0.25"], buckets["0.5"], buckets["10.0"], buckets["+Inf"]) == (2, 2, 3, 3, 4)
    assert value(series, "http_request_duration_seconds_sum", route="policies") == pytest.approx(99.3006)
