"""From gRPC's words to ours: the one place where errors of the library are translated."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import grpc

from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.domain.text import one_line
from dict_rate_limit.proto.methods import CORRELATION_KEY, RETRY_AFTER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Pairs = Iterable[tuple[str, str | bytes]]

OUTCOMES: Final[Mapping[grpc.StatusCode, Outcome]] = {
    grpc.StatusCode.UNAVAILABLE: Outcome.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: Outcome.DEADLINE_EXCEEDED,
    # not ours: our own cancelling arrives as CancelledError; the library reports some expired deadlines so
    grpc.StatusCode.CANCELLED: Outcome.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Outcome.RATE_LIMITED,
    grpc.StatusCode.PERMISSION_DENIED: Outcome.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED: Outcome.UNAUTHENTICATED,
    grpc.StatusCode.INVALID_ARGUMENT: Outcome.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND: Outcome.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION: Outcome.GONE,
    grpc.StatusCode.INTERNAL: Outcome.INTERNAL,
}
"""Every other code is a fault of the other side: INTERNAL."""

_TOO_LARGE: Final = "Received message larger than max"
_DETAIL_CHARS: Final = 300
_CORRELATION_CHARS: Final = 200
_RETRY_AFTER_DIGITS: Final = 6


@contextmanager
def translated(ended: Callable[[str], None]) -> Iterator[None]:
    """Raise SourceError for whatever the library raises; our own task's cancelling passes.

    `ended` is told gRPC's name of the call's status, whatever it is.
    """
    try:
        yield
    except grpc.aio.AioRpcError as error:
        expired = error.code() is grpc.StatusCode.CANCELLED  # not ours, see OUTCOMES
        ended("DEADLINE_EXCEEDED" if expired else error.code().name)
        raise _source_error(error) from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            ended("CANCELLED")
            raise
        ended("UNAVAILABLE")
        raise SourceError(Outcome.UNAVAILABLE, "the connection was closed during the call") from error
    else:
        ended("OK")


def correlation_id(trailing: Pairs | None) -> str | None:
    """Return the text for the audit trail, None when the answer has none."""
    text = _value(trailing, CORRELATION_KEY)
    return one_line(text, _CORRELATION_CHARS) or None


def retry_after_sec(trailing: Pairs | None) -> int | None:
    """Return the whole seconds to wait, None when not told or not a number."""
    text = _value(trailing, RETRY_AFTER_KEY).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _RETRY_AFTER_DIGITS else None


def _source_error(error: grpc.aio.AioRpcError) -> SourceError:
    code, detail = error.code(), one_line(error.details() or "", _DETAIL_CHARS)
    outcome = OUTCOMES.get(code, Outcome.INTERNAL)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE in detail:  # our own limit, not DICT's
        outcome = Outcome.MALFORMED
    if code.name != outcome:  # the outcome alone would not say it
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
