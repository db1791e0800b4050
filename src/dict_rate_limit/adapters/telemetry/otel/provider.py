"""The provider of spans and its connection to the collector."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, Final, Protocol, cast

import grpc
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Status

from dict_rate_limit.adapters.telemetry.logs import hide_secrets
from dict_rate_limit.domain.redaction import clean

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


_LIBRARY: Final = ("opentelemetry.exporter", "opentelemetry.sdk")
_log = logging.getLogger(__name__)


class Provider(Protocol):
    """What spans are asked of: the library's own, or one around it."""

    def get_tracer(self, instrumenting_module_name: str) -> trace.Tracer: ...

    def add_span_processor(self, span_processor: SpanProcessor) -> None: ...

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


class FailureSummary(logging.Handler):
    """Stores the last message of the library, in place of one log line per failed call."""

    words = "no reason given"

    def emit(self, record: logging.LogRecord) -> None:
        self.words = record.getMessage()

    def listen(self) -> None:
        for name in _LIBRARY:
            logger = logging.getLogger(name)
            logger.addHandler(self)
            logger.propagate = False

    def leave(self) -> None:
        for name in _LIBRARY:
            logger = logging.getLogger(name)
            logger.removeHandler(self)
            logger.propagate = True


class RedactingExporter(SpanExporter):
    """An exporter around another one. Spans that the collector does not accept are lost and counted."""

    def __init__(self, inner: SpanExporter, endpoint: str, heard: FailureSummary) -> None:
        self._inner = inner
        self._endpoint = endpoint
        self._heard = heard
        self._lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; called by the library's own thread."""
        try:
            result = self._inner.export([cleaned(span) for span in spans])
        except Exception as error:  # noqa: BLE001 -- whatever it is, the product goes on
            self._heard.words = type(error).__name__
            result = SpanExportResult.FAILURE
        self._note(taken=result is SpanExportResult.SUCCESS, spans=len(spans))
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()

    def _note(self, *, taken: bool, spans: int) -> None:
        if taken and self._lost:
            _log.info("tracing.resumed", extra={"collector": self._endpoint, "lost_spans": self._lost})
            self._lost = 0
        elif not taken:
            if not self._lost:
                _log.warning("tracing.interrupted", extra={"collector": self._endpoint, "error": self._heard.words})
            self._lost += spans


def cleaned(span: ReadableSpan) -> ReadableSpan:
    """Return the span without passwords, tokens, and numbers of people and companies."""
    return ReadableSpan(
        name=clean(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_cleaned(span.attributes),
        events=[Event(event.name, _cleaned(event.attributes), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code, span.status.description and clean(span.status.description)),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _cleaned(attributes: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return hide_secrets(None, "", dict(attributes or {}))
