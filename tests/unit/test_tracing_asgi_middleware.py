from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry.trace import SpanKind

from dict_rate_limit.adapters.telemetry.otel.tracer import TracingMiddleware, log_context
from dict_rate_limit.apps.api.app import span_names
from span_memory import SpanMemory, attributes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dict_rate_limit.serving.asgi import Message, Send


LIST = "/api/v1/rate-limit/policies"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class App:
    """Responds with a status or raises. Stores the log context meanwhile."""

    def __init__(self, status: int = 200, error: Exception | None = None) -> None:
        self.status = status
        self.error = error
        self.inside: list[Mapping[str, object]] = []

    async def __call__(self, _scope: Message, _receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        self.inside.append(log_context())
        if self.error is not None:
            raise self.error
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def ask(
    memory: SpanMemory, app: App, *, method: str = "GET", path: str = LIST, headers: Mapping[str, str] | None = None
) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    pairs = [(name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": method, "path": path, "scheme": "http", "headers": pairs}
    await TracingMiddleware(app, memory.otel_tracer, span_names)(scope, receive, send)
    return sent


async def test_a_request_is_a_span_with_its_status() -> None:
    memory = SpanMemory()

    sent = await ask(memory, App())

    (span,) = memory.spans
    assert (span.name, span.kind, span.parent) == ("GET policies", SpanKind.SERVER, None)
    assert attributes(span) == {
        "http.request.method": "GET",
        "http.route": "policies",
        "url.scheme": "http",
        "url.path": LIST,
        "http.response.status_code": 200,
    }
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


async def test_a_request_belongs_to_its_callers_trace() -> None:
    memory = SpanMemory()

    await ask(memory, App(), headers={"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "vendor=1"})

    (span,) = memory.spans
    assert span.parent is not None
    assert span.context is not None
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, SPAN)
    assert dict(span.context.trace_state) == {"vendor": "1"}


async def test_an_unsampled_caller_is_not_sampled_here() -> None:
    memory, app = SpanMemory(), App()

    await ask(memory, app, headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})

    assert memory.spans == []
    assert app.inside[0]["trace_id"] == TRACE  # the log names it all the same


@pytest.mark.parametrize("value", ["", "é", "00-1-2-3", f"00-{'0' * 32}-{SPAN}-01", "x" * 10_000])
async def test_an_invalid_header_starts_a_new_trace(value: str) -> None:
    memory = SpanMemory()

    await ask(memory, App(), headers={"traceparent": value})

    (span,) = memory.spans
    assert span.parent is None


async def test_log_lines_of_a_request_name_its_span() -> None:
    memory, app = SpanMemory(), App()

    await ask(memory, app)

    (span,) = memory.spans
    assert span.context is not None
    assert app.inside == [{"trace_id": f"{span.context.trace_id:032x}", "span_id": f"{span.context.span_id:016x}"}]
    assert log_context() == {}


@pytest.mark.parametrize(("status", "failure"), [(404, None), (500, "500"), (503, "503")])
async def test_only_server_errors_are_failures(status: int, failure: str | None) -> None:
    memory = SpanMemory()

    await ask(memory, App(status))

    assert attributes(memory.spans[0]).get("error.type") == failure


async def test_an_exception_is_a_failure_and_is_raised() -> None:
    memory = SpanMemory()

    with pytest.raises(RuntimeError):
        await ask(memory, App(error=RuntimeError("of 529.982.247-25")))

    assert attributes(memory.spans[0])["error.type"] == "RuntimeError"
    assert memory.spans[0].events == ()


@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_probes_are_answered_and_not_traced(path: str) -> None:
    memory = SpanMemory()

    sent = await ask(memory, App(), path=path)

    assert len(sent) == 2
    assert memory.spans == []


async def test_an_unknown_method_has_the_conventional_name() -> None:
    memory = SpanMemory()

    await ask(memory, App(), method="BREW", path="/pot")

    assert memory.spans[0].name == "_OTHER other"


async def test_other_asgi_scopes_pass_through() -> None:
    memory = SpanMemory()
    seen: list[str] = []

    async def app(scope: Message, _receive: object, _send: object) -> None:
        seen.append(scope["type"])

    async def nothing(*_: object) -> dict[str, object]:
        return {}

    await TracingMiddleware(app, memory.otel_tracer, span_names)({"type": "lifespan"}, nothing, nothing)  # type: ignore[arg-type]

    assert (seen, memory.spans) == (["lifespan"], [])
