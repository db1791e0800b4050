"""What a process shows of the work it counts."""

from __future__ import annotations

import pytest

from dict_rate_limit.adapters.telemetry.prometheus.catalog import CATALOG, Type
from dict_rate_limit.adapters.telemetry.prometheus.process_metrics import ProcessMetrics
from dict_rate_limit.bootstrap.worker import declare_metrics
from dict_rate_limit.ports.telemetry import CountMetric, DurationMetric


@pytest.fixture
def metrics() -> ProcessMetrics:
    return ProcessMetrics()


def value(metrics: ProcessMetrics, name: str, **labels: str) -> float | None:
    samples = (sample for family in metrics.collect() for sample in family.samples)
    wanted = f"dict_rate_limit_{name}"
    return next((sample.value for sample in samples if sample.name == wanted and sample.labels == labels), None)


@pytest.mark.parametrize("metric", CountMetric)
def test_each_count_is_a_counter_of_the_catalog(metric: CountMetric) -> None:
    assert CATALOG[metric].type is Type.COUNTER


@pytest.mark.parametrize("metric", DurationMetric)
def test_each_duration_is_a_histogram_of_the_catalog(metric: DurationMetric) -> None:
    assert (CATALOG[metric].type, bool(CATALOG[metric].bounds)) == (Type.HISTOGRAM, True)


def test_unused_metrics_have_no_series(metrics: ProcessMetrics) -> None:
    assert list(metrics.collect()) == []


def test_occurrences_are_counted_by_label(metrics: ProcessMetrics) -> None:
    for result in ("good", "bad", "good"):
        metrics.count(CountMetric.CYCLES, result)

    assert (value(metrics, "cycles_total", result="good"), value(metrics, "cycles_total", result="bad")) == (2, 1)


def test_an_idle_worker_exports_zeros(metrics: ProcessMetrics) -> None:
    declare_metrics(metrics)

    zeros = (
        value(metrics, "cycles_total", result="bad"),
        value(metrics, "cycle_duration_seconds_count"),
        value(metrics, "activity_failures_total", activity="record"),
        value(metrics, "activity_duration_seconds_count", activity="fetch"),
    )
    assert zeros == (0, 0, 0, 0)


def test_a_declared_series_keeps_its_value(metrics: ProcessMetrics) -> None:
    metrics.count(CountMetric.CYCLES, "good")
    metrics.declare(CountMetric.CYCLES, "good")

    assert value(metrics, "cycles_total", result="good") == 1


def test_durations_are_a_histogram(metrics: ProcessMetrics) -> None:
    for seconds in (0.07, 0.1, 42, 1000):
        metrics.observe(DurationMetric.CYCLE, seconds)

    bounds = ("0.05", "0.1", "60.0", "300.0", "+Inf")
    counts = [value(metrics, "cycle_duration_seconds_bucket", le=le) for le in bounds]
    assert counts == [0, 2, 3, 3, 4]
    assert value(metrics, "cycle_duration_seconds_sum") == pytest.approx(1042.17)


def test_no_series_has_its_creation_time(metrics: ProcessMetrics) -> None:
    metrics.count(CountMetric.CYCLES, "good")
    metrics.observe(DurationMetric.SQL, 0.1, "reading.latest")

    names = {sample.name for family in metrics.collect() for sample in family.samples}
    assert not [name for name in names if name.endswith("_created")]
