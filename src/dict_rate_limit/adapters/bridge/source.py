"""DICT's policies through the Bridge."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import grpc

from dict_rate_limit.adapters.bridge.channel import ManagedChannel, TlsFiles, log_problem
from dict_rate_limit.adapters.bridge.mapping import ResponseContext, list_snapshot, odd_categories, single_snapshot
from dict_rate_limit.domain.buckets.bucket import is_policy_name
from dict_rate_limit.domain.buckets.reading import DEFAULT_PARTICIPANT, Snapshot
from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.domain.text import one_line
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.telemetry import (
    NULL_METRICS,
    NULL_TRACER,
    PARTICIPANT,
    Attributes,
    Component,
    CountMetric,
    Metrics,
    Span,
    Tracer,
)
from dict_rate_limit.proto import methods
from dict_rate_limit.proto.methods import CORRELATION_KEY, RETRY_AFTER_KEY
from dict_rate_limit.proto.rate_limit_service_pb2 import GetRateLimitPoliciesRequest, GetRateLimitPolicyRequest

_ISPB: Final = re.compile(r"[A-Z0-9]{8}", re.ASCII)


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


class BridgeSource:
    """A PolicySource over one gRPC channel; any number of calls may run at once.

    `deadline` is in seconds, for one attempt, connecting included. `bridge.problem` is logged for what an operator
    should know though the call went on: certificate files that cannot be used, policies of another category.
    """

    name: Final = "bridge"

    def __init__(
        self,
        address: str,
        *,
        clock: Clock,
        tls: TlsFiles | None = None,
        deadline: float = 5.0,
        metrics: Metrics = NULL_METRICS,
        tracer: Tracer = NULL_TRACER,
    ) -> None:
        self._clock = clock
        self._deadline = deadline
        self._metrics = metrics
        self._tracer = tracer
        # opened by the first call, on the event loop it runs in
        self._channel = ManagedChannel(address, tls=tls, deadline=deadline, monotonic=clock.monotonic)
        self._odd: dict[str, tuple[str, ...]] = {}

    async def list_policies(self, participant: str) -> Snapshot:
        request = GetRateLimitPoliciesRequest().SerializeToString()
        body, origin = await self._call(methods.LIST_METHOD, request, participant)
        snapshot = list_snapshot(body, origin)
        self._report_categories(snapshot)
        return snapshot

    async def get_policy(self, participant: str, policy_name: str) -> Snapshot:
        if not is_policy_name(policy_name):
            raise SourceError(Outcome.INVALID_ARGUMENT, f"{policy_name[:100]!r} cannot be the name of a policy")
        request = GetRateLimitPolicyRequest(policy_name=policy_name).SerializeToString()
        body, origin = await self._call(methods.READ_METHOD, request, participant)
        return single_snapshot(body, policy_name, origin)

    async def close(self) -> None:
        await self._channel.close()

    async def _call(self, method: str, request: bytes, participant: str) -> tuple[bytes, ResponseContext]:
        metadata = _metadata(participant)
        with (
            self._begin_span(f"{methods.SERVICE}/{method}", participant) as span,
            self._channel.acquire() as channel,
            translated(self._metrics, method),
        ):
            ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(methods.path(method))
            call = ask(request, timeout=self._deadline, metadata=(*metadata, *span.trace_headers.items()))
            body = await call
            trailing = await call.trailing_metadata()
        return body, ResponseContext(
            participant=participant,
            source=self.name,
            received_at=self._clock.now(),
            correlation_id=correlation_id(trailing),
        )

    def _begin_span(self, method: str, participant: str) -> Span:
        attributes: Attributes = {"rpc.system.name": "grpc", "rpc.method": method, PARTICIPANT: participant}
        return self._tracer.begin(Component.SOURCE, method, attributes)

    def _report_categories(self, snapshot: Snapshot) -> None:
        # once for each change: the list is read every few seconds
        odd = odd_categories(snapshot)
        if odd and self._odd.get(snapshot.participant) != odd:
            named = ", ".join(repr(category[:20]) for category in odd[:8])
            whose = f"participant {snapshot.participant} has category {snapshot.category[:20]!r}"
            log_problem(f"{whose}, but some of its policies say {named}")
        self._odd[snapshot.participant] = odd


def _metadata(participant: str) -> tuple[tuple[str, str], ...]:
    # The default participant is the one the certificate of the Bridge speaks for.
    if participant == DEFAULT_PARTICIPANT:
        return ()
    ispb = participant.upper()
    if not _ISPB.fullmatch(ispb):
        raise SourceError(Outcome.INVALID_ARGUMENT, f"participant {participant[:20]!r}, expected 8 letters or digits")
    return ((methods.PARTICIPANT_KEY, ispb),)


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
        outcome, detail, retry_after_sec=retry_after_sec(trailing), correlation_id=correlation_id(trailing)
    )


def _value(trailing: Pairs | None, wanted: str) -> str:
    for key, value in trailing or ():
        if key == wanted:
            return value if isinstance(value, str) else value.decode("ascii", "replace")
    return ""
