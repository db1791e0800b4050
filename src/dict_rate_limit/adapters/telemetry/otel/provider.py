"""The provider of spans and its connection to the collector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, Final, Protocol, cast

import grpc
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from dict_rate_limit.adapters.telemetry.otel.export import FailureSummary, RedactingExporter

Maker = Callable[..., "Provider"]

QUEUE: Final = 2048
"""Spans that wait, of some kB each; what comes while it is full is lost."""
BATCH: Final = 512
SEND_EVERY_MS: Final = 2000
CALL_SEC: Final = 5.0
FLUSH_SEC: Final = 1.0
"""How long the end of the process waits for the last spans to go."""

_TLS: Final = "https://"
_OPTIONS: Final[Any] = (
    ("grpc.enable_http_proxy", 0),  # the environment is read by the settings alone
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 2000),  # below CALL_SEC: a collector that is back is found by the next batch
)
_MOST: Final = 64
_LONGEST: Final = 4096


class Provider(Protocol):
    """What spans are asked of: the library's own, or one around it."""

    def get_tracer(self, instrumenting_module_name: str) -> trace.Tracer:
        """Return what makes spans."""

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Export every span to this exporter."""

    def shutdown(self) -> None:
        """Send what waits, then end; takes as long as the collector does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """The collector that gets the spans: "http://host:port" or "https://host:port".

    `certificate` has the authorities that sign its certificate (PEM); None = the system's.
    """

    endpoint: str
    certificate: Path | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedService:
    """The service in the spans, and the share of its traces that is sampled."""

    name: str
    version: str
    share: float = 1.0


@contextmanager
def open_provider(collector: Collector, service: TracedService, maker: Maker = TracerProvider) -> Iterator[Provider]:
    """Make spans for the length of the block; nothing of the collector has to be there.

    Raises:
        OSError: the certificate file cannot be read.
        ValueError: the library makes nothing of its own variables in the environment.
    """
    heard = FailureSummary()
    exporter = RedactingExporter(_exporter(collector), collector.endpoint, heard)
    provider = maker(
        sampler=ParentBased(TraceIdRatioBased(service.share)),
        resource=Resource({"service.name": service.name, "service.version": service.version}),
        shutdown_on_exit=False,
        span_limits=_limits(),
    )
    processor = BatchSpanProcessor(
        exporter,
        max_queue_size=QUEUE,
        schedule_delay_millis=SEND_EVERY_MS,
        max_export_batch_size=BATCH,
        export_timeout_millis=CALL_SEC * 1000,
    )
    provider.add_span_processor(processor)
    heard.listen()
    try:
        yield provider
    finally:
        ending = Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(FLUSH_SEC)
        if not ending.is_alive():
            heard.leave()


def make_global(provider: Provider) -> None:
    """Set the provider of the process, which Temporal's library uses. Possible once in a process."""
    trace.set_tracer_provider(cast("trace.TracerProvider", provider))


def _exporter(collector: Collector) -> OTLPSpanExporter:
    over_tls = collector.endpoint.startswith(_TLS)
    authorities = None if collector.certificate is None else collector.certificate.read_bytes()
    return OTLPSpanExporter(
        endpoint=collector.endpoint,
        insecure=not over_tls,
        credentials=grpc.ssl_channel_credentials(authorities) if over_tls else None,
        headers=collector.headers,
        timeout=CALL_SEC,
        compression=grpc.Compression.Gzip,
        channel_options=_OPTIONS,
    )


def _limits() -> SpanLimits:
    return SpanLimits(
        max_attributes=_MOST,
        max_events=_MOST,
        max_links=_MOST,
        max_span_attributes=_MOST,
        max_event_attributes=_MOST,
        max_link_attributes=_MOST,
        max_attribute_length=_LONGEST,
        max_span_attribute_length=_LONGEST,
    )
