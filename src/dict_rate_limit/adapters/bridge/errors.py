"""Translate errors and trailing metadata of gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import grpc

from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.domain.text import one_line
from dict_rate_limit.ports.telemetry import CountMetric, Metrics
from dict_rate_limit.proto.methods import CORRELATION_KEY, RETRY_AFTER_KEY

Pairs = Iterable[tuple[str, str | bytes]]

OUTCOMES: Final[Mapping[grpc.StatusCode, Outcome]] = {
    grpc.StatusCode.UNAVAILABLE: Outcome.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: Outcome.DEADLINE_EXCEEDED,
    # grpc reports some expired deadlines as CANCELLED; a cancellation by our own task arrives as CancelledError
    grpc.StatusCode.CANCELLED: Outcome.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Outcome.RATE_LIMITED,
    grpc.StatusCode.PERMISSION_DENIED: Outcome.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED: Outcome.UNAUTHENTICATED,
    grpc.StatusCode.INVALID_ARGUMENT: Outcome.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND: Outcome.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION: Outcome.GONE,
    grpc.StatusCode.INTERNAL: Outcome.INTERNAL,
}
"""The outcome of a gRPC status; any other status is INTERNAL."""

_TOO_LARGE: Final = "Received message larger than max"
_DETAIL_CHARS: Final = 300
_CORRELATION_CHARS: Final = 200
_RETRY_AFTER_DIGITS: Final = 6


@contextmanager
def translated(metrics: Metrics, method: str) -> Iterator[None]:
    """Turn errors of grpc into SourceError, and count the call by method and gRPC status.

    A call that our deadline ends counts as DEADLINE_EXCEEDED, a call that our own task gives up as CANCELLED; its
    CancelledError passes.
    """
    status = "OK"
    try:
        yield
    except grpc.aio.AioRpcError as error:
        expired = error.code() is grpc.StatusCode.CANCELLED
        status = "DEADLINE_EXCEEDED" if expired else error.code().name
        raise _source_error(error) from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            status = "CANCELLED"
            raise
        status = "UNAVAILABLE"
        raise SourceError(Outcome.UNAVAILABLE, "the connection was closed during the call") from error
    finally:
        metrics.count(CountMetric.BRIDGE_CALLS, method, status)


def correlation_id(trailing: Pairs | None) -> str | None:
    """Return DICT's correlation id for the audit trail, None when the answer has none."""
    text = _value(trailing, CORRELATION_KEY)
    return one_line(text, _CORRELATION_CHARS) or None


def retry_after_sec(trailing: Pairs | None) -> int | None:
    """Return the whole seconds to wait, None when absent or not a number."""
    text = _value(trailing, RETRY_AFTER_KEY).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _RETRY_AFTER_DIGITS else None


def _source_error(error: grpc.aio.AioRpcError) -> SourceError:
    code, detail = error.code(), one_line(error.details() or "", _DETAIL_CHARS)
    outcome = OUTCOMES.get(code, Outcome.INTERNAL)
    # grpc uses the same status for its own limit of the size as DICT for its rate limit
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE in detail:
        outcome = Outcome.MALFORMED
    if code.name != outcome:
        detail = f"{code.name}: {detail}" if detail else code.name
    trailing = error.trailing_metadata()
    return SourceError(
        outcome,
        detail,
        retry_after_sec=retry_after_sec(trailing),
        correlation_id=correlation_id(trailing),
    )


def _value(trailing: Pairs | None, wanted: str) -> str:
    for key, value in trailing or ():
        if key == wanted:
            return value if isinstance(value, str) else value.decode("ascii", "replace")
    return ""
