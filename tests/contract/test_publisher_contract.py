"""EventPublisher, tested with every implementation."""

from __future__ import annotations

import io
import json
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from broker.publishers import ids, receipts_of
from broker.topic import arrived, new_topic
from dict_rate_limit.adapters.log_publisher import LogPublisher
from dict_rate_limit.adapters.memory.publisher import MemoryPublisher
from dict_rate_limit.adapters.pulsar.connection import BrokerAddress, ProducerOptions
from dict_rate_limit.adapters.pulsar.publisher import MAX_EVENT_BYTES, PulsarPublisher
from dict_rate_limit.contract.events import event_document
from dict_rate_limit.domain.errors import PublishError
from dict_rate_limit.ports.delivery import PublishResult
from samples.domain import NOON
from samples.events import CLAIMS, ENTRIES, KEYS, enlarged, interleaved, transitions_of
from samples.fake_ports import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from broker.server import Broker
    from dict_rate_limit.ports.delivery import EventPublisher


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A publisher, one of its kind whose other side is away, and what has arrived: documents in their order."""

    publisher: EventPublisher
    away: EventPublisher
    arrived: Callable[[], list[dict[str, Any]]]

    def ids(self, policy_name: str | None = None) -> list[str]:
        """Return the event ids that have arrived, of one policy or all."""
        documents = self.arrived()
        return [one["metadata"]["event_id"] for one in documents if policy_name in {None, one["data"]["policy_name"]}]


@asynccontextmanager
async def memory() -> AsyncIterator[Made]:
    publisher = MemoryPublisher()
    yield Made(
        publisher=publisher,
        away=MemoryPublisher(outage=PublishError("memory: away, says the test")),
        arrived=lambda: [event_document(event, "1.2.3", NOON) for event in publisher.published],
    )


@asynccontextmanager
async def log() -> AsyncIterator[Made]:
    stream, closed = io.StringIO(), io.StringIO()
    closed.close()
    yield Made(
        publisher=LogPublisher(stream=stream, clock=FakeClock(), version="1.2.3"),
        away=LogPublisher(stream=closed, clock=FakeClock(), version="1.2.3"),
        arrived=lambda: [json.loads(line)["core_event"] for line in stream.getvalue().splitlines()],
    )


@asynccontextmanager
async def pulsar(broker: Broker, options: ProducerOptions) -> AsyncIterator[Made]:
    topic = new_topic()
    publisher, away = (
        PulsarPublisher(BrokerAddress(url=url, topic=topic), options, FakeClock(), "1.2.3")
        for url in (broker.url, "pulsar://127.0.0.1:1")
    )
    try:
        yield Made(
            publisher=publisher, away=away, arrived=lambda: [message.document for message in arrived(broker, topic)]
        )
    finally:
        await publisher.close()


PACKINGS = {"pulsar": ProducerOptions(), "pulsar_one_by_one": ProducerOptions(batching=False, compression="lz4")}
REFUSING = ["memory", *PACKINGS]
"""A log takes whatever it is given."""


def making(request: pytest.FixtureRequest) -> AbstractAsyncContextManager[Made]:
    """Find the servers that are needed, outside of any loop."""
    options = PACKINGS.get(request.param)
    if options is None:
        return {"memory": memory, "log": log}[request.param]()
    return pulsar(request.getfixturevalue("pulsar_broker"), options)


every = pytest.fixture(params=[*REFUSING, "log"], name="every")(making)
some = pytest.fixture(params=REFUSING, name="some")(making)


@pytest.fixture
async def made(every: AbstractAsyncContextManager[Made]) -> AsyncIterator[Made]:
    async with every as one:
        yield one


@pytest.fixture
async def refusing(some: AbstractAsyncContextManager[Made]) -> AsyncIterator[Made]:
    async with some as one:
        yield one


async def test_transitions_of_a_policy_arrive_in_the_order_given(made: Made) -> None:
    stories = [transitions_of(name, 20) for name in (CLAIMS, ENTRIES, KEYS)]

    await receipts_of(made.publisher, interleaved(*stories))

    assert [made.ids(name) for name in (CLAIMS, ENTRIES, KEYS)] == [ids(story) for story in stories]


async def test_successive_calls_preserve_the_order(made: Made) -> None:
    story = transitions_of(CLAIMS, 9)

    for part in (story[:4], story[4:5], story[5:]):
        await receipts_of(made.publisher, part)

    assert made.ids() == ids(story)


async def test_each_transition_has_one_result(made: Made) -> None:
    events = interleaved(transitions_of(CLAIMS, 3), transitions_of(KEYS, 3))

    receipts = await receipts_of(made.publisher, events)

    expected = [PublishResult(event_id=event.event_id) for event in events]
    assert sorted(receipts, key=lambda one: one.event_id) == sorted(expected, key=lambda one: one.event_id)


async def test_a_transition_has_arrived_when_its_result_is_returned(made: Made) -> None:
    async with aclosing(made.publisher.publish(transitions_of(CLAIMS, 5))) as receipts:
        first = await anext(receipts)

        assert str(first.event_id) in made.ids()


async def test_a_repeat_has_the_same_event_id(made: Made) -> None:
    story = transitions_of(CLAIMS, 2)

    await receipts_of(made.publisher, story)
    await receipts_of(made.publisher, story)

    assert made.ids() == ids(story) * 2


async def test_publishing_nothing_needs_no_broker(made: Made) -> None:
    assert await receipts_of(made.away, []) == []


async def test_a_caller_that_stops_reading_results_can_publish_again(made: Made) -> None:
    story = transitions_of(CLAIMS, 5)
    async with aclosing(made.publisher.publish(story)) as receipts:
        await anext(receipts)

    await receipts_of(made.publisher, story)

    assert list(dict.fromkeys(made.ids())) == ids(story)


async def test_an_outage_is_an_error_that_names_the_destination(made: Made) -> None:
    with pytest.raises(PublishError) as raised:
        await receipts_of(made.away, transitions_of(CLAIMS, 2))

    assert str(raised.value).startswith(f"{made.away.destination}: ")


async def test_a_too_large_transition_is_rejected_with_a_reason(refusing: Made) -> None:
    large = enlarged(transitions_of(CLAIMS, 1)[0], MAX_EVENT_BYTES)

    (receipt,) = await receipts_of(refusing.publisher, [large])

    assert receipt.event_id == large.event_id
    assert f"expected at most {MAX_EVENT_BYTES}" in str(receipt.refusal)
    assert refusing.ids() == []


async def test_a_rejected_transition_blocks_only_its_policy(refusing: Made) -> None:
    claims, keys = transitions_of(CLAIMS, 4), transitions_of(KEYS, 4)
    large = enlarged(claims[1], MAX_EVENT_BYTES)

    receipts = await receipts_of(refusing.publisher, interleaved([claims[0], large, *claims[2:]], keys))

    assert refusing.ids(CLAIMS) == ids(claims[:1])
    assert refusing.ids(KEYS) == ids(keys)
    assert {one.event_id for one in receipts if one.refusal is None} == {event.event_id for event in (claims[0], *keys)}
    assert [one.event_id for one in receipts if one.refusal is not None] == [large.event_id]


async def test_the_next_call_continues_after_a_rejected_transition(refusing: Made) -> None:
    first, *later = transitions_of(CLAIMS, 3)
    await receipts_of(refusing.publisher, [enlarged(first, MAX_EVENT_BYTES), *later])

    await receipts_of(refusing.publisher, later)

    assert refusing.ids() == ids(later)
