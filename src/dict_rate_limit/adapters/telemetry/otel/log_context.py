"""Trace and span ids for log lines."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry import trace


def current() -> Mapping[str, object]:
    """Return the ids of the trace and the span, in hex as every tool shows them; nothing outside one."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(context.trace_id), "span_id": trace.format_span_id(context.span_id)}
