"""The tracer of OpenTelemetry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import Token
from types import TracebackType
from typing import Final, Self

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from dict_rate_limit.domain.errors import SourceError
from dict_rate_limit.ports.telemetry import NO_ATTRIBUTES, NULL_TRACER, Attributes, Component, Span
from dict_rate_limit.serving.asgi import ASGIApp, Message, Receive, Scope, Send

W3C: Final = TraceContextTextMapPropagator()

_KINDS: Final = {Component.BROKER: trace.SpanKind.PRODUCER}


Naming = Callable[[str, str], tuple[str, str] | None]
_WANTED: Final = {b"traceparent": "traceparent", b"tracestate": "tracestate"}
_PATH_CHARS: Final = 200
_FAILURE: Final = 500


class OtelTracer:
    """Makes spans inside a cycle or a request only: scrapes and readiness checks would be most of the spans."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    def begin(self, component: Component, name: str, attributes: Attributes = NO_ATTRIBUTES) -> Span:
        """Begin a child of the current span; without one, do nothing."""
        if not trace.get_current_span().get_span_context().is_valid:
            return NULL_TRACER.begin(component, name, attributes)
        kind = _KINDS.get(component, trace.SpanKind.CLIENT)
        return OtelSpan(self._tracer.start_span(name, kind=kind, attributes=dict(attributes)))


class OtelSpan:
    """A span that records of a failure its kind only: the text of an error may hold secrets."""

    __slots__ = ("_context", "_ended", "_span", "_token")

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._context = trace.set_span_in_context(span)
        self._token: Token[contexts.Context] | None = None
        self._ended = False

    @property
    def trace_headers(self) -> Mapping[str, str]:
        trace_headers: dict[str, str] = {}
        W3C.inject(trace_headers, self._context)
        return trace_headers

    def end(self, failure: str | None = None) -> None:
        if not self._ended:
            self._ended = True
            if failure is not None:
                fail(self._span, failure)
            self._span.end()

    def __enter__(self) -> Self:
        self._token = contexts.attach(self._context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            # an abandoned generator is closed in another context
            with suppress(ValueError):
                self._token.var.reset(self._token)
        self.end(None if error is None else kind_of(error))


def fail(span: trace.Span, failure: str) -> None:
    span.set_attribute("error.type", failure)
    span.set_status(trace.StatusCode.ERROR)


def kind_of(error: BaseException) -> str:
    """Return one word for an error; for a SourceError its outcome."""
    return error.outcome.value if isinstance(error, SourceError) else type(error).__name__


def log_context() -> Mapping[str, object]:
    """Return the ids of the trace and the span, in hex as every tool shows them; nothing outside one."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(context.trace_id), "span_id": trace.format_span_id(context.span_id)}


class TracingMiddleware:
    """Makes a span of each request, a child of the caller's span if the request names one.

    `naming` gives the method and the route of (method, path), few in number; None = not to be traced.
    """

    def __init__(self, app: ASGIApp, tracer: trace.Tracer, naming: Naming) -> None:
        self._app = app
        self._tracer = tracer
        self._naming = naming

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        names = self._naming(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if names is None:
            await self._app(scope, receive, send)
            return
        span = self._begun(scope, *names)
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                await self._app(scope, receive, _watched(send, span))
            except BaseException as error:
                fail(span, kind_of(error))
                raise

    def _begun(self, scope: Scope, method: str, route: str) -> trace.Span:
        carried = {_WANTED[name]: value.decode("latin-1") for name, value in scope["headers"] if name in _WANTED}
        attributes = {
            "http.request.method": method,
            "http.route": route,
            "url.scheme": scope["scheme"],
            "url.path": scope["path"][:_PATH_CHARS],
        }
        return self._tracer.start_span(
            f"{method} {route}", W3C.extract(carried), kind=trace.SpanKind.SERVER, attributes=attributes
        )


def _watched(send: Send, span: trace.Span) -> Send:
    async def watched(message: Message) -> None:
        if message["type"] == "http.response.start":
            status = message["status"]
            span.set_attribute("http.response.status_code", status)
            if status >= _FAILURE:
                fail(span, str(status))
        await send(message)

    return watched
