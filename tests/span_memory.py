"""A tracer that stores spans in memory."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from dict_rate_limit.adapters.telemetry.otel.tracer import OtelTracer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Span

ROOT = "root"


class SpanMemory:
    """Makes spans, samples a `share` of them and stores the ended ones."""

    def __init__(self, share: float = 1.0) -> None:
        self._kept = InMemorySpanExporter()
        provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(share)), resource=Resource({}))
        provider.add_span_processor(SimpleSpanProcessor(self._kept))
        self.otel_tracer = provider.get_tracer("tests")
        self.tracer = OtelTracer(self.otel_tracer)

    @contextmanager
    def under_way(self) -> Iterator[Span]:
        """Enter a trace."""
        with self.otel_tracer.start_as_current_span(ROOT) as span:
            yield span

    @property
    def spans(self) -> list[ReadableSpan]:
        """Return the spans in the order they ended, without the root."""
        return [span for span in self._kept.get_finished_spans() if span.name != ROOT]

    def one(self, name: str) -> ReadableSpan:
        (span,) = (span for span in self.spans if span.name == name)
        return span


def attributes(span: ReadableSpan) -> Mapping[str, object]:
    return dict(span.attributes or {})
