"""How long statements take and how many fail, by name: steps on their way to whoever else watches."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from dict_rate_limit.adapters.telemetry.prometheus.catalog import counter, histogram
from dict_rate_limit.adapters.telemetry.prometheus.durations import Durations
from dict_rate_limit.ports.telemetry import NOTHING, NULL_TRACER, Component

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from prometheus_client import Metric

    from dict_rate_limit.ports.telemetry import Attributes, Span, Tracer


class _Statements:
    """All runs of one statement."""

    __slots__ = ("durations", "errors")

    def __init__(self) -> None:
        self.durations = Durations()
        self.errors = 0


class StatementTimes(Collector):
    """Steps that time the named statements of the store; all go on to other steps.

    A statement is timed from when it is sent until its rows are here. Those of a pipeline go and come back together:
    each is timed until the pipeline's end, and fails with it. Waiting for a connection is no part of it. A statement
    that was given up, as at a time limit of ours, has failed.
    """

    def __init__(self, tracer: Tracer = NULL_TRACER) -> None:
        """Take who else watches."""
        self._tracer = tracer
        self._statements: dict[str, _Statements] = {}

    def begin(self, part: Component, name: str, facts: Attributes = NOTHING) -> Span:
        """Begin a step; time it if it is a statement, which is named `<file>.<name>`."""
        span = self._tracer.begin(part, name, facts)
        if part is not Component.STORE or "." not in name:
            return span
        statements = self._statements.get(name)
        if statements is None:
            statements = self._statements[name] = _Statements()
        return _TimedStep(span, statements)

    def collect(self) -> Iterator[Metric]:
        """Give durations and errors; scraped in a thread, while others add."""
        durations, errors = histogram("sql_duration_seconds"), counter("sql_errors")
        for name, statements in tuple(self._statements.items()):
            statements.durations.write(durations, name)
            errors.add_metric((name,), statements.errors)
        yield from (durations, errors)


class _TimedStep:
    """A step that is timed until it ends for the first time."""

    __slots__ = ("_began", "_span", "_statements")

    def __init__(self, span: Span, statements: _Statements) -> None:
        self._span = span
        self._statements: _Statements | None = statements
        self._began = perf_counter()

    @property
    def trace_headers(self) -> Mapping[str, str]:
        """What the other step wants to be sent."""
        return self._span.trace_headers

    def end(self, failure: str | None = None) -> None:
        """End it."""
        self._count(failed=failure is not None)
        self._span.end(failure)

    def __enter__(self) -> Self:
        self._span.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._count(failed=error is not None)
        self._span.__exit__(kind, error, trace)

    def _count(self, *, failed: bool) -> None:
        statements, self._statements = self._statements, None
        if statements is not None:
            statements.durations.add(perf_counter() - self._began)
            statements.errors += failed
