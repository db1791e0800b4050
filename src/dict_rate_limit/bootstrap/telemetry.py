"""Traces, where a collector is named; else the libraries for them are not even imported."""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from dict_rate_limit.ports.telemetry import NULL_TRACER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dict_rate_limit.ports.telemetry import Tracer
    from dict_rate_limit.serving.asgi import ASGIApp
    from dict_rate_limit.settings import Settings

    Naming = Callable[[str, str], tuple[str, str] | None]
    Maker = Callable[..., Any]

_log = logging.getLogger(__name__)
_current: Final[list[Callable[[], Mapping[str, object]]]] = []


def _as_it_is(app: ASGIApp, _naming: Naming) -> ASGIApp:
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """What is traced, and how. `door` puts spans around the requests of an ASGI application."""

    on: bool = False
    tracer: Tracer = NULL_TRACER
    asgi_middleware: Callable[[ASGIApp, Naming], ASGIApp] = _as_it_is


@contextmanager
def tracing(settings: Settings, service: str, temporal: Callable[[], Maker] | None = None) -> Iterator[Tracing]:
    """Trace for the length of the block, if a collector is named; it does not have to be there.

    What keeps tracing from beginning is a line in the log: the product works without. `temporal` gives the maker of
    a provider that Temporal's workflows can use.
    """
    with ExitStack() as stack:
        traced = Tracing()
        if settings.otel_exporter_otlp_endpoint is not None:
            try:
                traced = _begun(settings, settings.otel_exporter_otlp_endpoint, service, temporal, stack)
            except (OSError, ValueError) as error:
                _log.error("tracing.impossible", extra={"error": str(error)})
        yield traced


def log_context() -> Mapping[str, object]:
    """Say in which trace and span a log line is written; nothing while tracing is off."""
    return _current[-1]() if _current else {}


def _begun(
    settings: Settings, endpoint: str, service: str, temporal: Callable[[], Maker] | None, stack: ExitStack
) -> Tracing:
    # Here, for what it costs: an installation without a collector shall not carry the libraries.
    from dict_rate_limit.adapters.telemetry.otel import asgi_middleware, provider  # noqa: PLC0415
    from dict_rate_limit.adapters.telemetry.otel import log_context as trace_context  # noqa: PLC0415
    from dict_rate_limit.adapters.telemetry.otel.tracer import OtelTracer  # noqa: PLC0415

    collector = provider.Collector(
        endpoint=endpoint,
        certificate=settings.otel_exporter_otlp_certificate,
        headers=settings.otel_exporter_otlp_headers or (),
    )
    release = version("dict-rate-limit")
    origin = provider.Origin(service=service, version=release, share=settings.otel_traces_sampler_arg)
    if temporal is None:
        spans = stack.enter_context(provider.providing(collector, origin))
    else:
        spans = stack.enter_context(provider.providing(collector, origin, temporal()))
        provider.make_global(spans)
    _current.append(trace_context.current)
    stack.callback(_current.remove, trace_context.current)
    tracer = spans.get_tracer("dict_rate_limit")
    return Tracing(
        on=True,
        tracer=OtelTracer(tracer),
        asgi_middleware=lambda app, naming: asgi_middleware.TracingMiddleware(app, tracer, naming),
    )
