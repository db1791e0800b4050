"""The spans a collector receives, and the log lines about it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status, StatusCode

from dict_rate_limit.adapters.telemetry.otel.provider import FailureSummary, RedactingExporter
from log_lines import log_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

COLLECTOR = "http://collector:4317"
LIBRARY = logging.getLogger("opentelemetry.exporter.otlp.proto.grpc.exporter")
URL = "postgresql://me:hunter2@db/x"
TOKEN = "drl_SFuy1BqN_eEUzDa7bLqNDqR7mNAIzf7bqzKywaHgrzs"  # noqa: S105 -- nobody's
CPF = "529.982.247-25"


class Scripted(SpanExporter):
    """Accepts spans, or fails as `fails` says."""

    def __init__(self) -> None:
        self.taken: list[ReadableSpan] = []
        self.fails: str | Exception | None = None
        self.open = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if isinstance(self.fails, Exception):
            raise self.fails
        if self.fails is not None:
            LIBRARY.error("Failed to export %s to %s", "traces", self.fails)
            return SpanExportResult.FAILURE
        self.taken.extend(spans)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self.open = False


@pytest.fixture
def heard() -> Iterator[FailureSummary]:
    words = FailureSummary()
    words.listen()
    yield words
    words.leave()


@pytest.fixture
def inner() -> Scripted:
    return Scripted()


@pytest.fixture
def provider(inner: Scripted, heard: FailureSummary) -> TracerProvider:
    made = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    made.add_span_processor(SimpleSpanProcessor(RedactingExporter(inner, COLLECTOR, heard)))
    return made


def make(provider: TracerProvider, name: str = "span") -> None:
    provider.get_tracer("tests").start_span(name).end()


@pytest.mark.parametrize(
    ("text", "shown"),
    [(URL, "postgresql://me:***@db/x"), (f"Bearer {TOKEN}", "Bearer (hidden)"), (f"of {CPF}", "of (cpf)")],
)
def test_no_text_of_a_span_contains_a_secret(provider: TracerProvider, inner: Scripted, text: str, shown: str) -> None:
    span = provider.get_tracer("tests").start_span(
        f"name {text}", attributes={"one": text, "many": (text, "b"), "n": 1}
    )
    span.add_event("happened", {"what": text})
    span.set_status(Status(StatusCode.ERROR, f"because {text}"))

    span.end()

    (seen,) = inner.taken
    assert (seen.name, seen.status.description) == (f"name {shown}", f"because {shown}")
    assert seen.attributes == {"one": shown, "many": [shown, "b"], "n": 1}
    assert seen.events[0].attributes == {"what": shown}


def test_the_message_and_stack_of_an_exception_are_redacted(provider: TracerProvider, inner: Scripted) -> None:
    with pytest.raises(RuntimeError), provider.get_tracer("tests").start_as_current_span("span"):
        raise RuntimeError(URL)

    (seen,) = inner.taken
    assert seen.events[0].name == "exception"
    assert "hunter2" not in str(dict(seen.events[0].attributes or {}))
    assert "hunter2" not in str(seen.status.description)


def test_attributes_named_as_secrets_are_hidden(provider: TracerProvider, inner: Scripted) -> None:
    provider.get_tracer("tests").start_span("span", attributes={"authorization": "plain", "tokens": 17}).end()

    assert inner.taken[0].attributes == {"authorization": "(hidden)", "tokens": 17}


def test_the_rest_of_a_span_is_unchanged(provider: TracerProvider, inner: Scripted) -> None:
    tracer = provider.get_tracer("scope")
    with tracer.start_as_current_span("outer") as outer, tracer.start_as_current_span("inner"):
        pass

    (seen, _) = inner.taken
    assert seen.parent == outer.get_span_context()
    assert seen.instrumentation_scope is not None
    assert seen.instrumentation_scope.name == "scope"
    assert (seen.start_time or 0) < (seen.end_time or 0)


def test_a_collector_that_fails_and_recovers_is_two_lines(
    provider: TracerProvider, inner: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    make(provider)
    inner.fails = COLLECTOR
    for _ in range(3):
        make(provider)
    inner.fails = None
    for _ in range(2):
        make(provider)

    assert log_lines(caplog) == [
        f"tracing.interrupted collector={COLLECTOR} error=Failed to export traces to {COLLECTOR}",
        f"tracing.resumed collector={COLLECTOR} lost_spans=3",
    ]
    assert len(inner.taken) == 3


class Log(logging.Handler):
    """The output of the product's own handler. The handler of pytest does not see loggers that do not propagate."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def log() -> Iterator[Log]:
    handler = Log()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def test_the_library_logs_nothing_meanwhile(provider: TracerProvider, inner: Scripted, log: Log) -> None:
    inner.fails = COLLECTOR

    make(provider)

    assert log.lines == ["tracing.interrupted"]


def test_an_exporter_that_raises_is_one_line(
    provider: TracerProvider, inner: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    inner.fails = RuntimeError(URL)

    make(provider)
    make(provider)

    assert log_lines(caplog) == [f"tracing.interrupted collector={COLLECTOR} error=RuntimeError"]


def test_the_library_logs_again_afterwards(log: Log) -> None:
    words = FailureSummary()
    words.listen()
    words.leave()

    LIBRARY.error("something %s", "else")

    assert log.lines == ["something else"]


def test_the_shutdown_reaches_the_exporter(provider: TracerProvider, inner: Scripted) -> None:
    provider.shutdown()

    assert not inner.open
