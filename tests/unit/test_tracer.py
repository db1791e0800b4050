from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from opentelemetry import trace

from dict_rate_limit.adapters.telemetry.otel.tracer import log_context
from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.ports.telemetry import NULL_TRACER, Component
from span_memory import ROOT, SpanMemory, attributes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


def hexed(context: trace.SpanContext) -> tuple[str, str]:
    return trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)


def sampled(trace_headers: Mapping[str, str]) -> bool:
    return bool(int(trace_headers["traceparent"].rpartition("-")[2], 16) & 1)


def test_a_span_has_the_current_span_as_parent() -> None:
    memory = SpanMemory()

    with (
        memory.under_way() as root,
        memory.tracer.begin(Component.STORE, "reading.latest", {"db.system.name": "postgresql"}),
    ):
        pass

    span = memory.one("reading.latest")
    assert span.parent is not None
    assert span.parent.span_id == root.get_span_context().span_id
    assert attributes(span) == {"db.system.name": "postgresql"}
    assert span.status.is_unset


def test_operations_outside_a_cycle_or_request_have_no_span() -> None:
    memory = SpanMemory()

    with memory.tracer.begin(Component.STORE, "reading.latest") as step:
        assert step.trace_headers == {}

    assert memory.spans == []


def test_nested_spans_have_the_outer_span_as_parent() -> None:
    memory = SpanMemory()

    with memory.under_way():
        with (
            memory.tracer.begin(Component.STORE, "transaction"),
            memory.tracer.begin(Component.STORE, "reading.latest"),
        ):
            pass
        with memory.tracer.begin(Component.CACHE, "GET"):
            pass

    outer, inner, later = memory.one("transaction"), memory.one("reading.latest"), memory.one("GET")
    assert outer.context is not None
    assert inner.parent == outer.context
    assert later.parent == outer.parent


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        (Component.SOURCE, trace.SpanKind.CLIENT),
        (Component.STORE, trace.SpanKind.CLIENT),
        (Component.CACHE, trace.SpanKind.CLIENT),
        (Component.CHANNEL, trace.SpanKind.CLIENT),
        (Component.BROKER, trace.SpanKind.PRODUCER),
    ],
)
def test_the_span_kind_separates_messages_from_calls(part: Component, kind: trace.SpanKind) -> None:
    memory = SpanMemory()

    with memory.under_way(), memory.tracer.begin(part, "step"):
        pass

    assert memory.one("step").kind is kind


def test_the_trace_headers_name_the_span() -> None:
    memory = SpanMemory()

    with memory.under_way(), memory.tracer.begin(Component.SOURCE, "step") as step:
        trace_headers = step.trace_headers

    context = memory.one("step").context
    assert context is not None
    assert list(trace_headers) == ["traceparent"]
    assert tuple(trace_headers["traceparent"].split("-")[1:3]) == hexed(context)
    assert sampled(trace_headers)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (ValueError("of 529.982.247-25"), "ValueError"),
        (SourceError(Outcome.RATE_LIMITED, "of 529.982.247-25"), "RATE_LIMITED"),
        (asyncio.CancelledError(), "CancelledError"),
    ],
)
def test_a_failed_span_has_only_the_error_type(error: BaseException, word: str) -> None:
    memory = SpanMemory()

    with suppress(type(error)), memory.under_way(), memory.tracer.begin(Component.SOURCE, "step"):
        raise error

    span = memory.one("step")
    assert attributes(span) == {"error.type": word}
    assert (span.status.is_ok, span.status.description, span.events) == (False, None, ())


def test_the_first_end_of_a_span_counts() -> None:
    memory = SpanMemory()

    with memory.under_way(), memory.tracer.begin(Component.CHANNEL, "step") as step:
        step.end("503")
        step.end()

    assert attributes(memory.one("step")) == {"error.type": "503"}


def test_a_span_can_be_ended_by_another_thread() -> None:
    memory = SpanMemory()
    with memory.under_way():
        step = memory.tracer.begin(Component.BROKER, "step")

    asyncio.run(asyncio.to_thread(step.end))

    assert memory.one("step").status.is_unset


def test_a_span_ends_when_its_generator_is_closed_elsewhere() -> None:
    memory = SpanMemory()

    @asynccontextmanager
    async def transaction() -> AsyncIterator[None]:
        with memory.tracer.begin(Component.STORE, "transaction"):
            yield

    async def abandoned() -> None:
        with memory.under_way():
            entered = transaction()
            await asyncio.create_task(entered.__aenter__())
            await asyncio.create_task(entered.__aexit__(None, None, None))

    asyncio.run(abandoned())

    assert memory.one("transaction").status.is_unset


def test_the_trace_headers_name_an_unsampled_span() -> None:
    memory = SpanMemory(share=0.0)

    with memory.under_way(), memory.tracer.begin(Component.SOURCE, "step") as step:
        trace_headers = step.trace_headers

    assert "traceparent" in trace_headers
    assert not sampled(trace_headers)
    assert memory.spans == []


def test_log_lines_have_the_trace_and_span() -> None:
    memory = SpanMemory()

    with memory.under_way() as root:
        inside = log_context()

    assert tuple(inside.values()) == hexed(root.get_span_context())
    assert list(inside) == ["trace_id", "span_id"]
    assert log_context() == {}


def test_the_null_tracer_has_the_same_interface() -> None:
    with NULL_TRACER.begin(Component.STORE, ROOT, {"a": "b"}) as step:
        step.end("failure")

    assert step.trace_headers == {}
