"""Traces and metrics of what the process does. Adapters and activities report; they do not know who listens."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType, TracebackType
from typing import Final, Protocol, Self

from dict_rate_limit.ports.cache import CacheStatus

Attributes = Mapping[str, str | int]

PARTICIPANT: Final = "dict_rate_limit.participant"
"""The span attribute that names the participant."""

NO_ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType({})


class Component(StrEnum):
    """The other side of a span."""

    SOURCE = "SOURCE"  # DICT, for example through the Bridge
    STORE = "STORE"  # PostgreSQL
    CACHE = "CACHE"  # Redis
    BROKER = "BROKER"  # Pulsar
    CHANNEL = "CHANNEL"  # a notification channel


class Span(Protocol):
    """An operation that has begun.

    As a context manager it ends with its block, and spans begun inside are its children. Otherwise `end` ends it, from
    any thread. The first end counts.
    """

    @property
    def trace_headers(self) -> Mapping[str, str]:
        """The W3C Trace Context headers that make the callee's spans children of this one."""

    def end(self, failure: str | None = None) -> None:
        """End the span. `failure` is one word for the kind of error, never its text: that may hold secrets."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Tracer(Protocol):
    """Begins spans. Never raises, never blocks."""

    def begin(self, component: Component, name: str, attributes: Attributes = NO_ATTRIBUTES) -> Span:
        """Begin a span.

        `name` is one of few, as for metrics. Attributes have names of OpenTelemetry's semantic conventions; they hold
        no secrets and no readings.
        """


class CountMetric(StrEnum):
    """What is counted. The value is the name in the metrics catalog, which has the labels and their order."""

    CYCLES = "cycles"
    ACTIVITY_FAILURES = "activity_failures"
    SOURCE_CALLS = "source_calls"
    NOTIFICATION_ATTEMPTS = "notification_attempts"
    BRIDGE_CALLS = "bridge_calls"
    SQL_ERRORS = "sql_errors"


class DurationMetric(StrEnum):
    """What is timed, in seconds. The value is the name in the metrics catalog."""

    CYCLE = "cycle_duration_seconds"
    ACTIVITY = "activity_duration_seconds"
    SQL = "sql_duration_seconds"


class Metrics(Protocol):
    """Counts and times what the process does. Never blocks."""

    def declare(self, metric: CountMetric | DurationMetric, *labels: str) -> None:
        """Show a series at zero: Prometheus sees an increase only after a first value."""

    def count(self, metric: CountMetric, *labels: str) -> None:
        """Count one occurrence."""

    def observe(self, metric: DurationMetric, seconds: float, *labels: str) -> None:
        """Record one duration."""


class RouteMetrics(Protocol):
    """Counts the responses of one route."""

    def add(self, method: str, status: int, seconds: float) -> None:
        """Count one response."""


class RequestMetrics(Protocol):
    """Counts HTTP responses, on the fast path too. The caller adds to `reads` how each reading was obtained."""

    reads: dict[CacheStatus, int]

    def route(self, name: str) -> RouteMetrics:
        """Return the metrics of a route."""


class _NullSpan:
    trace_headers: Mapping[str, str] = NO_ATTRIBUTES

    def end(self, failure: str | None = None) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class _NullTracer:
    def begin(self, _component: Component, _name: str, _attributes: Attributes = NO_ATTRIBUTES) -> Span:
        return _NULL_SPAN


class _NullMetrics:
    def declare(self, metric: CountMetric | DurationMetric, *labels: str) -> None:
        pass

    def count(self, metric: CountMetric, *labels: str) -> None:
        pass

    def observe(self, metric: DurationMetric, seconds: float, *labels: str) -> None:
        pass


_NULL_SPAN: Final = _NullSpan()
NULL_TRACER: Final[Tracer] = _NullTracer()
NULL_METRICS: Final[Metrics] = _NullMetrics()
