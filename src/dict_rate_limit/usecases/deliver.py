"""Tell transitions to their readers: in order, at least once, marked only when the other side has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dict_rate_limit.domain.errors import PublishError

if TYPE_CHECKING:
    from datetime import timedelta
    from uuid import UUID

    from dict_rate_limit.ports import Clock, EventPublisher, Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How many transitions were handed over; `failure` is what stopped it before the outbox was empty."""

    delivered: int
    failure: PublishError | None = None


async def deliver(outbox: Outbox, publisher: EventPublisher, clock: Clock, *, batch: int) -> Delivery:
    """Hand over one batch. Stops at the first failure: a later transition may not overtake an earlier one.

    Nothing is delivered while somebody else has the outbox open. Whatever ends it, what was handed over is marked.
    """
    published: list[UUID] = []
    async with outbox.drain(batch) as unit:
        if unit is None:
            return Delivery(delivered=0)
        try:
            for event in unit.events:
                await publisher.publish(event)
                published.append(event.event_id)
        except PublishError as error:
            return Delivery(delivered=len(published), failure=error)
        finally:
            if published:
                await unit.mark_published(published, clock.now())
    return Delivery(delivered=len(published))


async def deliver_all(
    outbox: Outbox, publisher: EventPublisher, clock: Clock, *, batch: int, within: timedelta
) -> Delivery:
    """Hand over batches until none is left or `within` is over; the rest waits for the next sweep."""
    ends = clock.monotonic() + within.total_seconds()
    total = 0
    while True:
        part = await deliver(outbox, publisher, clock, batch=batch)
        total += part.delivered
        if part.failure or not part.delivered or clock.monotonic() >= ends:
            return Delivery(delivered=total, failure=part.failure)
