"""Publish transitions: in order by policy, at least once, marked only when the broker has stored them."""

from __future__ import annotations

import logging
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from dict_rate_limit.domain.errors import PublishError
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.delivery import ClaimUnitOfWork, EventPublisher, Outbox, PublishResult

MAX_REJECTIONS: Final = 5
"""A transition rejected this often for its content is dead-lettered: visible, and later ones go on."""

INITIAL_BACKOFF: Final = timedelta(seconds=1)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How many transitions were published and rejected; `failure` is the outage that stopped it."""

    delivered: int
    refused: int = 0
    failure: PublishError | None = None


async def deliver(outbox: Outbox, publisher: EventPublisher, clock: Clock, *, batch: int) -> Delivery:
    """Publish one batch. An outage stops it: transitions without a result stay, and an outage dead-letters none.

    What was published is marked, also after an error.
    """
    published: list[UUID] = []
    refused = 0
    async with outbox.claim_batch(batch, clock.now()) as unit:
        if not unit.events:
            return Delivery(delivered=0)
        try:
            async with aclosing(publisher.publish(unit.events)) as results:
                async for result in results:
                    if result.refusal is None:
                        published.append(result.event_id)
                    else:
                        refused += 1
                        await _refused(unit, result, result.refusal, clock.now())
        except PublishError as error:
            return Delivery(delivered=len(published), refused=refused, failure=error)
        finally:
            if published:
                await unit.mark_published(published, clock.now())
    return Delivery(delivered=len(published), refused=refused)


async def deliver_all(
    outbox: Outbox, publisher: EventPublisher, clock: Clock, *, batch: int, within: timedelta
) -> Delivery:
    """Publish batches until none is left or `within` is over; the rest waits for the next sweep."""
    ends = clock.monotonic() + within.total_seconds()
    delivered = refused = 0
    while True:
        part = await deliver(outbox, publisher, clock, batch=batch)
        delivered, refused = delivered + part.delivered, refused + part.refused
        if part.failure or not (part.delivered or part.refused) or clock.monotonic() >= ends:
            return Delivery(delivered=delivered, refused=refused, failure=part.failure)


async def _refused(unit: ClaimUnitOfWork, result: PublishResult, reason: str, now: datetime) -> None:
    times = unit.refusals.get(result.event_id, 0) + 1
    dead = times >= MAX_REJECTIONS
    attributes = {"event_id": str(result.event_id), "times": times, "given_up": dead, "reason": reason}
    _log.error("transition.refused", extra=attributes)
    next_try_at = None if dead else now + INITIAL_BACKOFF * 2 ** (times - 1)
    await unit.mark_refused(result.event_id, reason, now, next_try_at)
