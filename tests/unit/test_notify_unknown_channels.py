from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.memory.notifications import MemoryNotifier
from dict_rate_limit.adapters.memory.stores import MemoryStores, memory_stores
from dict_rate_limit.domain.notifications.routing import DeliveryResult, Status
from dict_rate_limit.usecases.notify import ROLL_OUT, send_notifications
from samples.alerts import channel
from samples.domain import bucket, ticks
from samples.fake_ports import FakeClock, notifications
from samples.readings import recorded

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dict_rate_limit.domain.notifications.channel import Channel

WITHIN = timedelta(seconds=20)
OPS = channel("ops")


@dataclass(slots=True)
class Named:
    """Channels and their names."""

    known: Sequence[Channel]
    named: Collection[str] | None

    def channels(self) -> Sequence[Channel]:
        return self.known

    def names(self) -> Collection[str] | None:
        return self.named


async def routed_by(*sources: Named) -> tuple[MemoryStores, list[int]]:
    """Open an alert and notify with each source in turn. The first attempt is rejected."""
    clock = FakeClock()
    stores = memory_stores(clock)
    await recorded(stores, *ticks(bucket(1000), bucket(200)))
    notifier = MemoryNotifier(answers=[DeliveryResult(ok=False, text="503")])
    routed = []
    for source in sources:
        parts = replace(notifications(stores, clock, notifier=notifier), channels=source)
        routed.append((await send_notifications(parts, WITHIN)).routed)
        clock.move(2 * ROLL_OUT)
    return stores, routed


async def test_no_channel_is_routed_while_the_channels_are_unknown() -> None:
    _, routed = await routed_by(Named((), None), Named((OPS,), ["ops"]))

    assert routed == [0, 1]


async def test_no_notification_is_dropped_while_the_channels_are_unknown() -> None:
    stores, _ = await routed_by(Named((OPS,), ["ops"]), Named((), None))

    assert await stores.notifications.notification_counts() == {("ops", Status.PENDING): 1}


async def test_an_invalid_channel_is_not_removed() -> None:
    stores, _ = await routed_by(Named((OPS,), ["ops"]), Named((), ["ops"]))

    assert await stores.notifications.notification_counts() == {("ops", Status.PENDING): 1}


async def test_the_last_valid_channels_are_notified_meanwhile() -> None:
    _, routed = await routed_by(Named((OPS,), None))

    assert routed == [1]
