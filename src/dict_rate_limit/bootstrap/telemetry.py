"""Traces and metrics of a process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from dict_rate_limit.adapters.telemetry.prometheus.process_metrics import ProcessMetrics
from dict_rate_limit.ports.telemetry import NULL_TRACER, Tracer
from dict_rate_limit.serving.asgi import ASGIApp
from dict_rate_limit.settings import Settings

LogContexts = list[Callable[[], Mapping[str, object]]]
SpanNaming = Callable[[str, str], tuple[str, str] | None]
ProviderFactory = Callable[..., Any]

_log = logging.getLogger(__name__)


def _untraced(app: ASGIApp, _naming: SpanNaming) -> ASGIApp:
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What the components of a process report to. `asgi_middleware` puts a span around each request."""

    traced: bool = False
    tracer: Tracer = NULL_TRACER
    asgi_middleware: Callable[[ASGIApp, SpanNaming], ASGIApp] = _untraced
    metrics: ProcessMetrics = field(default_factory=ProcessMetrics)


@contextmanager
def open_telemetry(
    settings: Settings, service: str, log_contexts: LogContexts, temporal: Callable[[], ProviderFactory] | None = None
) -> Iterator[Telemetry]:
    """Yield the telemetry of a process; it is traced if a collector is configured, reachable or not.

    While it is traced, one of `log_contexts` adds trace and span to log lines. `temporal` returns the factory of a
    tracer provider for Temporal's workflows.
    """
    with ExitStack() as stack:
        telemetry = Telemetry()
        if settings.otel_exporter_otlp_endpoint is not None:
            try:
                telemetry = _traced(settings, service, log_contexts, temporal, stack)
            except (OSError, ValueError) as error:
                # the product works without traces, so this does not stop it
                _log.error("tracing.impossible", extra={"error": str(error)})
        yield telemetry


def _traced(
    settings: Settings,
    service: str,
    log_contexts: LogContexts,
    temporal: Callable[[], ProviderFactory] | None,
    stack: ExitStack,
) -> Telemetry:
    # imported here: without a collector a process must not pay for OpenTelemetry's libraries
    from dict_rate_limit.adapters.telemetry.otel import provider, tracer  # noqa: PLC0415

    collector = provider.Collector(
        endpoint=settings.otel_exporter_otlp_endpoint or "",
        certificate=settings.otel_exporter_otlp_certificate,
        headers=settings.otel_exporter_otlp_headers or (),
    )
    traced = provider.TracedService(
        name=service, version=version("dict-rate-limit"), share=settings.otel_traces_sampler_arg
    )
    if temporal is None:
        spans = stack.enter_context(provider.open_provider(collector, traced))
    else:
        spans = stack.enter_context(provider.open_provider(collector, traced, temporal()))
        provider.make_global(spans)
    log_contexts.append(tracer.log_context)
    stack.callback(log_contexts.remove, tracer.log_context)
    own = spans.get_tracer("dict_rate_limit")
    return Telemetry(
        traced=True,
        tracer=tracer.OtelTracer(own),
        asgi_middleware=lambda app, naming: tracer.TracingMiddleware(app, own, naming),
    )
