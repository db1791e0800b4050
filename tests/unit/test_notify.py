from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.memory.notifications import MemoryNotifier
from dict_rate_limit.adapters.memory.stores import memory_stores
from dict_rate_limit.domain.alerts.alert import Severity
from dict_rate_limit.domain.notifications.channel import ChannelType, Routes
from dict_rate_limit.domain.notifications.routing import INITIAL_BACKOFF, DeliveryResult, Status
from dict_rate_limit.domain.notifications.silence import Matchers, Purpose
from dict_rate_limit.usecases import notify
from dict_rate_limit.usecases.drill import send_drill
from dict_rate_limit.usecases.notify import LEASE, ROLL_OUT, NotificationSummary, send_notifications
from dict_rate_limit.usecases.silences import CreateSilence, create_silence
from log_lines import log_lines
from samples.alerts import HOUR, MINUTE, channel
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, bucket, snapshot, ticks
from samples.fake_ports import FakeClock, notifications
from samples.readings import recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dict_rate_limit.domain.notifications.channel import Channel
    from dict_rate_limit.ports.notifications import LedgerEntry, Message

WITHIN = timedelta(seconds=20)
BUSY = DeliveryResult(ok=False, text="503")
PROGRAM = channel("hook", format=ChannelType.WEBHOOK)
PEOPLE = channel("ops")
UP_AND_DOWN = ticks(bucket(1000), bucket(200), bucket(50), bucket(1000))


@dataclass(slots=True)
class SlowNotifier:
    """Accepts everything slowly. Channels may have other results."""

    clock: FakeClock
    takes: timedelta = timedelta(0)
    answers: dict[str, DeliveryResult] = field(default_factory=dict)
    sent: list[tuple[str, Message]] = field(default_factory=list)

    async def send(self, channel: Channel, message: Message) -> DeliveryResult:
        await asyncio.sleep(0)
        self.clock.move(self.takes)
        self.sent.append((channel.name, message))
        return self.answers.get(channel.name, DeliveryResult(ok=True, text="200"))


@dataclass(frozen=True, slots=True)
class UnreadChannels:
    """Channels of an unreadable file. `known` are the last valid ones."""

    known: Sequence[Channel] = ()

    def channels(self) -> Sequence[Channel]:
        return self.known

    def names(self) -> None:
        return None


class NotifyWorld:
    """A store with transitions, and channels."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.stores = memory_stores(self.clock)
        self.notifier = MemoryNotifier()

    async def send_notifications(self, *channels: Channel, within: timedelta = WITHIN) -> NotificationSummary:
        return await send_notifications(
            notifications(self.stores, self.clock, *channels, notifier=self.notifier), within
        )

    async def ledger(self) -> list[LedgerEntry]:
        """Return the ledgers of all alerts."""
        alerts = await self.stores.alerts.alerts([PARTICIPANT], open_only=False, limit=10)
        return [entry for alert in alerts for entry in await self.stores.notifications.ledger(alert.alert_id)]

    @property
    def sent(self) -> list[list[str]]:
        """The transitions of each message, in order."""
        return [[event.transition.value for event in message.events] for _, message in self.notifier.sent]


@pytest.fixture
async def world() -> NotifyWorld:
    """Record a bucket that falls, becomes critical and recovers."""
    world = NotifyWorld()
    await recorded(world.stores, *UP_AND_DOWN)
    return world


async def test_programs_get_each_transition_separately_in_order(world: NotifyWorld) -> None:
    summary = await world.send_notifications(PROGRAM)

    assert summary == NotificationSummary(routed=3, delivered=3, failed=0)
    assert world.sent == [["OPENED"], ["ESCALATED"], ["RESOLVED"]]


async def test_people_get_one_message_for_a_burst(world: NotifyWorld) -> None:
    summary = await world.send_notifications(PEOPLE)

    ((_, message),) = world.notifier.sent
    assert summary == NotificationSummary(routed=3, delivered=1, failed=0)
    assert [event.transition.value for event in message.events] == ["OPENED", "ESCALATED", "RESOLVED"]
    assert (message.created_at, bool(message.title), bool(message.body)) == (NOON, True, True)


async def test_a_burst_waits_for_its_window(world: NotifyWorld) -> None:
    patient = replace(PEOPLE, group_wait=MINUTE)

    first = await world.send_notifications(patient)
    world.clock.move(MINUTE)
    second = await world.send_notifications(patient)

    assert (first.delivered, second.delivered, len(world.sent)) == (0, 1, 1)


async def test_no_notification_is_sent_twice(world: NotifyWorld) -> None:
    await world.send_notifications(PEOPLE, PROGRAM)

    again = await world.send_notifications(PEOPLE, PROGRAM)

    assert again == NotificationSummary(routed=0, delivered=0, failed=0)


async def test_a_whole_backlog_is_sent(world: NotifyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "ROUTING_BATCH", 2)
    monkeypatch.setattr(notify, "CLAIMED", 2)

    summary = await world.send_notifications(PEOPLE)

    assert summary == NotificationSummary(routed=3, delivered=2, failed=0)
    assert world.sent == [["OPENED", "ESCALATED"], ["RESOLVED"]]


async def test_a_test_alert_is_sent_without_grouping(world: NotifyWorld) -> None:
    await send_drill(world.stores.alerts, world.clock, PARTICIPANT, "ana", "weekly test")

    await world.send_notifications(PEOPLE)

    assert world.sent == [["OPENED"], ["ESCALATED"], ["RESOLVED"], ["OPENED"], ["RESOLVED"]]


async def test_a_failure_stops_the_channel_to_preserve_order(
    world: NotifyWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.notifier.answers = [BUSY]

    with caplog.at_level(logging.WARNING):
        first = await world.send_notifications(PROGRAM)
    at_once = await world.send_notifications(PROGRAM)
    world.clock.move(INITIAL_BACKOFF)
    later = await world.send_notifications(PROGRAM)

    assert [first, at_once, later] == [
        NotificationSummary(routed=3, delivered=0, failed=1),
        NotificationSummary(routed=0, delivered=0, failed=0),
        NotificationSummary(routed=0, delivered=3, failed=0),
    ]
    assert world.sent == [["OPENED"], ["ESCALATED"], ["RESOLVED"]]
    assert any(line.startswith("channel.refused answer=503") for line in log_lines(caplog))


async def test_a_failure_of_one_channel_does_not_affect_another(world: NotifyWorld) -> None:
    notifier = SlowNotifier(world.clock, answers={"hook": BUSY})
    deps = notifications(world.stores, world.clock, PROGRAM, replace(PROGRAM, name="other"), notifier=notifier)

    summary = await send_notifications(deps, WITHIN)

    assert summary == NotificationSummary(routed=3, delivered=3, failed=1)
    assert [name for name, _ in notifier.sent].count("other") == 3


async def test_every_attempt_is_recorded(world: NotifyWorld) -> None:
    world.notifier.answers = [BUSY]
    await world.send_notifications(PROGRAM)
    world.clock.move(INITIAL_BACKOFF)
    await world.send_notifications(PROGRAM)

    first = (await world.ledger())[0]

    assert [(attempt.at, attempt.answer.text, attempt.status) for attempt in first.attempts] == [
        (NOON, "503", Status.PENDING),
        (NOON + INITIAL_BACKOFF, "stored in memory", Status.DELIVERED),
    ]
    assert first.attempts[0].next_try_at == NOON + INITIAL_BACKOFF
    assert (first.notification.status, first.notification.attempts) == (Status.DELIVERED, 1)


async def test_a_repeated_message_has_the_same_id(world: NotifyWorld) -> None:
    notifier = SlowNotifier(world.clock, answers={"ops": BUSY})
    deps = notifications(world.stores, world.clock, PEOPLE, notifier=notifier)
    await send_notifications(deps, WITHIN)
    world.clock.move(INITIAL_BACKOFF)
    await send_notifications(deps, WITHIN)

    first, second = (message for _, message in notifier.sent)

    assert first.message_id == second.message_id


@pytest.mark.parametrize("one", [PROGRAM, PEOPLE], ids=["program", "people"])
async def test_notifications_after_the_deadline_wait_for_the_next_round(world: NotifyWorld, one: Channel) -> None:
    await send_drill(world.stores.alerts, world.clock, PARTICIPANT, "ana", "weekly test")
    notifier = SlowNotifier(world.clock, takes=timedelta(seconds=10))
    deps = notifications(world.stores, world.clock, one, notifier=notifier)

    summary = await send_notifications(deps, within=timedelta(seconds=20))

    assert summary.delivered == 2


async def test_unsent_notifications_are_released_at_the_deadline(world: NotifyWorld) -> None:
    slow = SlowNotifier(world.clock, takes=WITHIN)
    await send_notifications(notifications(world.stores, world.clock, PROGRAM, notifier=slow), WITHIN)

    await world.send_notifications(PROGRAM)

    assert world.sent == [["ESCALATED"], ["RESOLVED"]]


async def test_notifications_of_a_dead_sender_are_sent_after_its_lease(world: NotifyWorld) -> None:
    world.notifier.answers = []
    await world.send_notifications(replace(PEOPLE, group_wait=HOUR))
    world.clock.move(HOUR)
    claimed = await world.stores.notifications.claim("ops", world.clock.now(), LEASE, 100)

    during = await world.send_notifications(PEOPLE)
    world.clock.move(LEASE)
    after = await world.send_notifications(PEOPLE)

    assert (len(claimed), during.delivered, after.delivered) == (3, 0, 1)


async def test_notifications_of_a_removed_channel_are_dropped(world: NotifyWorld) -> None:
    await world.send_notifications(replace(PEOPLE, group_wait=HOUR))
    world.clock.move(ROLL_OUT + INITIAL_BACKOFF)

    await world.send_notifications(PROGRAM)

    assert [entry.notification.status for entry in await world.ledger()] == [Status.DEAD] * 3


async def test_notifications_of_a_channel_new_to_this_process_stay_pending(world: NotifyWorld) -> None:
    await world.send_notifications(replace(PEOPLE, group_wait=HOUR))

    await world.send_notifications(PROGRAM)

    assert [entry.notification.status for entry in await world.ledger()] == [Status.PENDING] * 3


async def test_a_silence_suppresses_notifications_and_the_ledger_shows_it() -> None:
    world = NotifyWorld()
    order = CreateSilence(
        purpose=Purpose.SILENCE, matchers=Matchers(), ends_at=NOON + HOUR, actor="ana", reason="a release"
    )
    silence = await create_silence(world.stores.silences, world.clock, order)
    await recorded(world.stores, *UP_AND_DOWN)

    summary = await world.send_notifications(PROGRAM)

    assert summary == NotificationSummary(routed=3, delivered=0, failed=0)
    assert {(entry.notification.status, entry.notification.silence_id) for entry in await world.ledger()} == {
        (Status.SUPPRESSED, silence.silence_id)
    }


async def test_a_notified_channel_gets_the_resolution_in_a_later_round() -> None:
    world = NotifyWorld()
    pager = channel("pager", Routes(severity=Severity.CRITICAL), format=ChannelType.WEBHOOK)
    await recorded(world.stores, *UP_AND_DOWN[:3])
    await world.send_notifications(pager)
    await recorded(world.stores, snapshot(bucket(200), at=NOON + 10 * FIVE_MINUTES))

    await world.send_notifications(pager)

    assert world.sent == [["ESCALATED"], ["DEESCALATED"]]


async def test_without_channels_transitions_count_as_routed(world: NotifyWorld) -> None:
    assert await world.send_notifications() == NotificationSummary(routed=3, delivered=0, failed=0)
    assert await world.ledger() == []


async def test_transitions_wait_while_the_channels_are_unknown(world: NotifyWorld) -> None:
    deps = replace(notifications(world.stores, world.clock), channels=UnreadChannels())

    summary = await send_notifications(deps, WITHIN)

    assert summary == NotificationSummary(routed=0, delivered=0, failed=0)
    assert (await world.send_notifications(PROGRAM)).routed == 3


async def test_the_last_channels_are_used_while_the_file_is_unreadable(world: NotifyWorld) -> None:
    await world.send_notifications(replace(PEOPLE, group_wait=HOUR))
    world.clock.move(2 * HOUR)
    deps = replace(
        notifications(world.stores, world.clock, notifier=world.notifier), channels=UnreadChannels((PROGRAM,))
    )

    await send_notifications(deps, WITHIN)

    assert [entry.notification.status for entry in await world.ledger()] == [Status.PENDING] * 3


async def test_without_time_left_nothing_is_sent(world: NotifyWorld) -> None:
    assert await world.send_notifications(PROGRAM, within=timedelta(0)) == NotificationSummary(
        routed=3, delivered=0, failed=0
    )
