"""Publishes events to a topic of Apache Pulsar: key = policy, in order by key, a result per acknowledged message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final
from uuid import UUID

import pulsar

from dict_rate_limit.adapters.pulsar.connection import (
    DEFAULT_TIMEOUTS,
    BrokerAddress,
    BrokerConnection,
    BrokerTimeouts,
    ProducerOptions,
    connect,
    in_thread,
    post_to_loop,
    run_detached,
)
from dict_rate_limit.adapters.pulsar.diagnosis import describe_result, explain_failure, probe
from dict_rate_limit.contract.events import ACTION, event_json
from dict_rate_limit.domain.alerts.alert import AlertEvent
from dict_rate_limit.domain.errors import PublishError
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.delivery import PublishResult
from dict_rate_limit.ports.telemetry import NULL_TRACER, PARTICIPANT, Component, Span, Tracer

ResultCallback = Callable[[pulsar.Result, object], None]

TIMEOUT: Final = "Timeout"

_OK: Final = "Ok"
# These results concern the message itself. All others count as an outage of the broker.
_REJECTIONS: Final = frozenset({"MessageTooBig", "InvalidMessage"})

# The client reports a timeout for each message. If it does not, the call ends this much later.
GRACE_SEC: Final = 2.0
CLOSE_TIMEOUT_SEC: Final = 1.0
# An event has some kB. The client accepts up to 5 MiB, and a message near that limit can break a broker's ledger.
MAX_EVENT_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMessage:
    """A message, its key, and its position in the call."""

    event_id: UUID
    key: str
    position: int


class InFlight:
    """Messages of one call. The client's thread delivers their results, some while others are still being sent.

    After a rejected or failed message of a key, later ones of that key have no result: publishing resumes there, in
    order. `failure` is the first result that is an outage.
    """

    def __init__(self, timeout_sec: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._ends = self._loop.time() + timeout_sec
        self._answers: asyncio.Queue[tuple[PendingMessage, str, bool]] = asyncio.Queue()
        # Position of the first rejected message, by key. Any thread writes it.
        self._rejected: dict[str, int] = {}
        # Position of the first message without success by key, as far as results were read.
        self._stopped: dict[str, int] = {}
        self._count = 0
        self._pending = 0
        self.failure: str | None = None

    def __len__(self) -> int:
        return self._pending

    def is_blocked(self, key: str) -> bool:
        """Return whether a message of the key was rejected."""
        return key in self._rejected

    def add(self, event_id: UUID, key: str) -> ResultCallback:
        """Add a message. Returns the callback for its result, which any thread may call."""
        self._count += 1
        self._pending += 1
        message = PendingMessage(event_id=event_id, key=key, position=self._count)

        def answered(result: pulsar.Result, _: object) -> None:
            self._record(message, result.name, rejected=result.name in _REJECTIONS)

        return answered

    def reject(self, event_id: UUID, key: str, reason: str) -> None:
        """Record the rejection of a message that is not sent."""
        self._count += 1
        self._pending += 1
        self._record(PendingMessage(event_id=event_id, key=key, position=self._count), reason, rejected=True)

    async def next_result(self) -> PublishResult | None:
        """Wait for the next result; None when it is not final for a message."""
        try:
            async with asyncio.timeout_at(self._ends):
                message, result, rejected = await self._answers.get()
        except TimeoutError:
            self._pending, self.failure = 0, self.failure or TIMEOUT
            return None
        self._pending -= 1
        if message.position > self._stopped.get(message.key, inf):
            return None
        if result == _OK:
            return PublishResult(event_id=message.event_id)
        self._stopped[message.key] = message.position
        if rejected:
            return PublishResult(event_id=message.event_id, refusal=result)
        self.failure = self.failure or result
        return None

    def _record(self, message: PendingMessage, result: str, *, rejected: bool) -> None:
        if rejected:
            self._rejected.setdefault(message.key, message.position)
        post_to_loop(self._loop, self._answers.put_nowait, (message, result, rejected))


class PulsarPublisher:
    """EventPublisher for one topic. It connects on first use, and again after each outage.

    A call ends within half a minute, whatever the broker does. Close it before its loop ends. Each message is
    a span, from sending to acknowledgement, and carries its context in the properties.
    """

    def __init__(
        self,
        address: BrokerAddress,
        options: ProducerOptions,
        clock: Clock,
        version: str,
        timeouts: BrokerTimeouts = DEFAULT_TIMEOUTS,
        tracer: Tracer = NULL_TRACER,
    ) -> None:
        self._address = address
        self._options = options
        self._clock = clock
        self._version = version
        self._timeouts = timeouts
        self._tracer = tracer
        self._lock = asyncio.Lock()
        self._connection: BrokerConnection | None = None
        self._failed = False

    @property
    def destination(self) -> str:
        return str(self._address)

    @property
    def state(self) -> str:
        """The state of the connection: `ok`, `waiting` or `not used yet`."""
        if self._connection is not None:
            return "ok" if self._connection.producer.is_connected() else "waiting"
        return "waiting" if self._failed else "not used yet"

    async def publish(self, events: Sequence[AlertEvent]) -> AsyncGenerator[PublishResult, None]:
        """Send every event, then yield a result as the broker acknowledges each; see the port."""
        if not events:
            return
        connection, in_flight = await self._get_connection(), InFlight(self._timeouts.send_sec + GRACE_SEC)
        for event in events:
            if not in_flight.is_blocked(event.policy_name):
                self._send(connection, event, in_flight)
        while in_flight:
            result = await in_flight.next_result()
            if result is not None:
                yield result
        if in_flight.failure is not None:
            self._discard(connection)
            raise self._error(describe_result(in_flight.failure))

    async def close(self) -> None:
        """Close the connection. Waits a second at most."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.wait({asyncio.create_task(in_thread(connection.close))}, timeout=CLOSE_TIMEOUT_SEC)

    def _send(self, connection: BrokerConnection, event: AlertEvent, in_flight: InFlight) -> None:
        content = event_json(event, self._version, self._clock.now())
        if len(content) > MAX_EVENT_BYTES:
            in_flight.reject(
                event.event_id, event.policy_name, f"{len(content)} bytes, expected at most {MAX_EVENT_BYTES}"
            )
            return
        span = self._begin_span(event)
        report = in_flight.add(event.event_id, event.policy_name)

        def next_result(result: pulsar.Result, message_id: object) -> None:
            span.end(None if result == pulsar.Result.Ok else result.name)
            report(result, message_id)

        own = {"action": ACTION, "severity": event.severity.value, "event_id": str(event.event_id)}
        connection.producer.send_async(
            content, next_result, properties={**span.trace_headers, **own}, partition_key=event.policy_name
        )

    def _begin_span(self, event: AlertEvent) -> Span:
        attributes = {
            "messaging.system": "pulsar",
            "messaging.operation.type": "send",
            "messaging.destination.name": self._address.topic,
            "messaging.message.id": str(event.event_id),
            PARTICIPANT: event.participant,
        }
        return self._tracer.begin(Component.BROKER, f"send {self._address.topic}", attributes)

    async def _get_connection(self) -> BrokerConnection:
        """Return the connection, or connect; one call at a time. Raises PublishError with the reason."""
        try:
            async with asyncio.timeout(self._timeouts.connect_sec), self._lock:
                if self._connection is None:
                    self._connection = await self._open_connection()
                return self._connection
        except TimeoutError:
            failure = TIMEOUT
        except (pulsar.PulsarException, RuntimeError, ValueError) as error:
            failure = type(error).__name__
        raise self._error(explain_failure(self._address, failure, self._clock.now()))

    async def _open_connection(self) -> BrokerConnection:
        failure = await probe(self._address)
        if failure is not None:
            raise self._error(failure)
        return await connect(self._address, self._options, self._timeouts)

    def _discard(self, connection: BrokerConnection) -> None:
        if self._connection is connection:
            self._connection = None
        run_detached(connection.close)

    def _error(self, cause: str) -> PublishError:
        self._failed = True
        return PublishError(f"{self.destination}: {cause}")
