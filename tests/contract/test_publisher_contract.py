"""What every EventPublisher promises, held against each of them."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.log_publisher import LogPublisher
from dict_rate_limit.adapters.memory.publisher import MemoryPublisher
from monitor_samples import HandClock, opened_and_resolved

if TYPE_CHECKING:
    from collections.abc import Callable

    from dict_rate_limit.ports import EventPublisher

    Made = tuple[EventPublisher, Callable[[], list[str]]]


def memory() -> Made:
    publisher = MemoryPublisher()
    return publisher, lambda: [str(event.event_id) for event in publisher.published]


def log() -> Made:
    stream = io.StringIO()
    publisher = LogPublisher(stream=stream, clock=HandClock(), version="1.2.3")
    return publisher, lambda: [
        json.loads(line)["core_event"]["metadata"]["event_id"] for line in stream.getvalue().splitlines()
    ]


@pytest.fixture(params=[memory, log], ids=lambda make: make.__name__)
def made(request: pytest.FixtureRequest) -> Made:
    make: Callable[[], Made] = request.param
    return make()


async def test_events_arrive_in_the_order_they_were_published(made: Made) -> None:
    publisher, arrived = made
    events = opened_and_resolved()

    for event in events:
        await publisher.publish(event)

    assert arrived() == [str(event.event_id) for event in events]


async def test_an_event_has_arrived_when_publish_returns(made: Made) -> None:
    publisher, arrived = made
    event = opened_and_resolved()[0]

    await publisher.publish(event)

    assert arrived() == [str(event.event_id)]


async def test_a_repeat_carries_the_same_event_id(made: Made) -> None:
    publisher, arrived = made
    event = opened_and_resolved()[0]

    await publisher.publish(event)
    await publisher.publish(event)

    assert len(set(arrived())) == 1
