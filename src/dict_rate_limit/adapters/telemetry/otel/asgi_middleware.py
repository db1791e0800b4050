"""ASGI middleware that traces requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from opentelemetry import trace

from dict_rate_limit.adapters.telemetry.otel.tracer import W3C, fail, kind_of
from dict_rate_limit.serving.asgi import ASGIApp, Message, Receive, Scope, Send

Naming = Callable[[str, str], tuple[str, str] | None]

_WANTED: Final = {b"traceparent": "traceparent", b"tracestate": "tracestate"}
_PATH_CHARS: Final = 200
_FAILURE: Final = 500


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
