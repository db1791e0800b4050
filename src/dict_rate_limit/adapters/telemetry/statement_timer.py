"""Times and error counts of SQL statements by name, taken from their spans."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from types import TracebackType
from typing import Self

from dict_rate_limit.ports.telemetry import (
    NO_ATTRIBUTES,
    NULL_TRACER,
    Attributes,
    Component,
    CountMetric,
    DurationMetric,
    Metrics,
    Span,
    Tracer,
)


class StatementTimer:
    """A tracer around another that also times the named statements of the store.

    A statement lasts from its sending until its rows have arrived. The statements of a pipeline are sent and answered
    together, so each lasts until the end of the pipeline and fails with it. Waiting for a connection is not included.
    A statement that is cancelled, for example at a timeout, has failed.
    """

    def __init__(self, metrics: Metrics, tracer: Tracer = NULL_TRACER) -> None:
        self._metrics = metrics
        self._tracer = tracer

    def begin(self, component: Component, name: str, attributes: Attributes = NO_ATTRIBUTES) -> Span:
        """Begin a span; time it if it is a statement, whose name is `<file>.<name>`."""
        span = self._tracer.begin(component, name, attributes)
        return _TimedSpan(span, name, self._metrics) if component is Component.STORE and "." in name else span


class _TimedSpan:
    __slots__ = ("_ended", "_metrics", "_name", "_span", "_started")

    def __init__(self, span: Span, name: str, metrics: Metrics) -> None:
        self._span = span
        self._name = name
        self._metrics = metrics
        self._ended = False
        self._started = perf_counter()

    @property
    def trace_headers(self) -> Mapping[str, str]:
        return self._span.trace_headers

    def end(self, failure: str | None = None) -> None:
        self._report(failed=failure is not None)
        self._span.end(failure)

    def __enter__(self) -> Self:
        self._span.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._report(failed=error is not None)
        self._span.__exit__(kind, error, trace)

    def _report(self, *, failed: bool) -> None:
        if self._ended:
            return
        self._ended = True
        self._metrics.observe(DurationMetric.SQL, perf_counter() - self._started, self._name)
        self._metrics.declare(CountMetric.SQL_ERRORS, self._name)
        if failed:
            self._metrics.count(CountMetric.SQL_ERRORS, self._name)
