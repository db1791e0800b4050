"""What a worker's process counts of its own work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.telemetry.prometheus.counts import Counts
from dict_rate_limit.adapters.telemetry.prometheus.worker_metrics import Work

if TYPE_CHECKING:
    from prometheus_client.registry import Collector


@pytest.fixture
def work() -> Work:
    return Work(["fetch", "record"])


def value(collector: Collector, name: str, **labels: str) -> float | None:
    samples = (sample for family in collector.collect() for sample in family.samples)
    wanted = f"dict_rate_limit_{name}"
    return next((sample.value for sample in samples if sample.name == wanted and sample.labels == labels), None)


def test_cycles_are_counted_apart_by_how_they_went(work: Work) -> None:
    for good in (True, False, True):
        work.cycle_ended(0.1, good=good)

    assert (value(work, "cycles_total", result="good"), value(work, "cycles_total", result="bad")) == (2, 1)


def test_a_worker_that_did_nothing_yet_tells_zeros(work: Work) -> None:
    zeros = (
        value(work, "cycles_total", result="bad"),
        value(work, "cycle_duration_seconds_count"),
        value(work, "activity_failures_total", activity="record"),
        value(work, "activity_duration_seconds_count", activity="fetch"),
    )

    assert zeros == (0, 0, 0, 0)


def test_durations_of_cycles_are_a_histogram(work: Work) -> None:
    for seconds in (0.07, 0.1, 42, 1000):
        work.cycle_ended(seconds, good=True)

    counts = [value(work, "cycle_duration_seconds_bucket", le=le) for le in ("0.05", "0.1", "60.0", "300.0", "+Inf")]
    assert counts == [0, 2, 3, 3, 4]
    assert value(work, "cycle_duration_seconds_sum") == pytest.approx(1042.17)


def test_attempts_are_told_by_activity(work: Work) -> None:
    work.attempted("fetch", 0.02, failed=False)
    work.attempted("record", 3.0, failed=True)

    assert value(work, "activity_duration_seconds_sum", activity="fetch") == 0.02
    assert value(work, "activity_duration_seconds_sum", activity="record") == 3
    failures = [value(work, "activity_failures_total", activity=name) for name in ("fetch", "record")]
    assert failures == [0, 1]


def test_an_activity_nobody_told_of_is_counted_too(work: Work) -> None:
    work.attempted("other", 1.0, failed=False)

    assert value(work, "activity_duration_seconds_count", activity="other") == 1


def test_a_counter_begins_with_the_labels_it_knows() -> None:
    counts = Counts("bridge_calls", [("GetRateLimitPolicies", "OK")])

    counts.add("GetRateLimitPolicies", "UNAVAILABLE")
    counts.add("GetRateLimitPolicies", "UNAVAILABLE")

    assert value(counts, "bridge_calls_total", method="GetRateLimitPolicies", code="OK") == 0
    assert value(counts, "bridge_calls_total", method="GetRateLimitPolicies", code="UNAVAILABLE") == 2
