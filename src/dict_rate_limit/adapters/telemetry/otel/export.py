"""Export of spans: secrets are redacted, and the log shows only when the export fails or resumes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from dict_rate_limit.adapters.telemetry.logs import hide_secrets
from dict_rate_limit.domain.redaction import clean

_LIBRARY: Final = ("opentelemetry.exporter", "opentelemetry.sdk")
_log = logging.getLogger(__name__)


class FailureSummary(logging.Handler):
    """Stores the last message of the library, in place of one log line per failed call."""

    words = "no reason given"

    def emit(self, record: logging.LogRecord) -> None:
        self.words = record.getMessage()

    def listen(self) -> None:
        """Take the messages of the library."""
        for name in _LIBRARY:
            logger = logging.getLogger(name)
            logger.addHandler(self)
            logger.propagate = False

    def leave(self) -> None:
        """Return the messages to the log."""
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
        """Close the connection to the collector."""
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
