"""Acknowledgements of the client library in every possible order."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dict_rate_limit.adapters.pulsar.publisher import InFlight
from dict_rate_limit.ports.delivery import PublishResult

if TYPE_CHECKING:
    from collections.abc import Callable

A1, A2, A3, B1 = (UUID(int=number) for number in range(1, 5))
PATIENCE_SEC = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A stand-in for the result of the library, which cannot be constructed."""

    name: str


def answer(answered: Callable[[Any, object], None], name: str) -> None:
    answered(Result(name=name), None)


async def next_result(flight: InFlight) -> list[PublishResult]:
    receipts = []
    while flight:
        receipt = await flight.next_result()
        if receipt is not None:
            receipts.append(receipt)
    return receipts


async def test_results_have_the_order_of_the_acknowledgements() -> None:
    flight = InFlight(PATIENCE_SEC)
    add = [flight.add(A1, "A"), flight.add(B1, "B")]

    for answered in reversed(add):
        answer(answered, "Ok")

    assert await next_result(flight) == [PublishResult(event_id=B1), PublishResult(event_id=A1)]
    assert flight.failure is None


async def test_acknowledgements_come_from_other_threads() -> None:
    flight = InFlight(PATIENCE_SEC)
    answered = flight.add(A1, "A")

    threading.Thread(target=answer, args=(answered, "Ok")).start()

    assert await next_result(flight) == [PublishResult(event_id=A1)]


async def test_a_key_is_blocked_after_the_client_rejects_a_message() -> None:
    flight = InFlight(PATIENCE_SEC)
    answer(flight.add(A1, "A"), "MessageTooBig")

    assert (flight.is_blocked("A"), flight.is_blocked("B")) == (True, False)
    assert await next_result(flight) == [PublishResult(event_id=A1, refusal="MessageTooBig")]
    assert flight.failure is None


async def test_a_message_before_a_rejected_one_keeps_its_late_result() -> None:
    flight = InFlight(PATIENCE_SEC)
    first = flight.add(A1, "A")
    flight.reject(A2, "A", "too large")

    answer(first, "Ok")

    assert await next_result(flight) == [PublishResult(event_id=A2, refusal="too large"), PublishResult(event_id=A1)]


async def test_a_message_after_a_rejected_one_has_no_result() -> None:
    flight = InFlight(PATIENCE_SEC)
    add = [flight.add(A1, "A"), flight.add(A2, "A"), flight.add(B1, "B")]

    for answered, name in zip(add, ("InvalidMessage", "Ok", "Ok"), strict=True):
        answer(answered, name)

    assert await next_result(flight) == [
        PublishResult(event_id=A1, refusal="InvalidMessage"),
        PublishResult(event_id=B1),
    ]


async def test_a_message_after_a_failed_one_of_its_key_has_no_result() -> None:
    flight = InFlight(PATIENCE_SEC)
    add = [flight.add(A1, "A"), flight.add(A2, "A"), flight.add(A3, "A"), flight.add(B1, "B")]

    for answered, name in zip(add, ("Ok", "Timeout", "Ok", "Ok"), strict=True):
        answer(answered, name)

    assert await next_result(flight) == [PublishResult(event_id=A1), PublishResult(event_id=B1)]


async def test_the_first_failure_is_reported() -> None:
    flight = InFlight(PATIENCE_SEC)
    add = [flight.add(A1, "A"), flight.add(B1, "B")]

    for answered, name in zip(add, ("NotConnected", "Timeout"), strict=True):
        answer(answered, name)
    await next_result(flight)

    assert flight.failure == "NotConnected"


async def test_missing_acknowledgements_time_out() -> None:
    flight = InFlight(0.0)
    flight.add(A1, "A")

    assert await next_result(flight) == []
    assert flight.failure == "Timeout"
