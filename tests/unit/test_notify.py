from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.memory.notifier import MemoryNotifier
from dict_rate_limit.adapters.memory.stores import memory_stores
from dict_rate_limit.domain.alerts.alert import Severity
from dict_rate_limit.domain.notifications.channel import ChannelType, Routes
from dict_rate_limit.domain.notifications.routing import INITIAL_BACKOFF, DeliveryResult, Status
from dict_rate_limit.domain.notifications.silence import Matchers, Purpose
from dict_rate_limit.usecases import notify
from dict_rate_limit.usecases.alert_actions import NewSilence, create_silence, send_drill
from dict_rate_limit.usecases.notify import LEASE, ROLL_OUT, NotificationSummary, send_notifications
from log_lines import log_lines
from samples.alerts import HOUR, MINUTE, channel
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, bucket, snapshot, ticks
from samples.fake_ports import HandClock, notifications
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
    """Takes everything, and its time; by channel one may say otherwise."""

    clock: HandClock
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
    """Channels of a file that cannot be read now; `known` are those of the last time it could."""

    known: Sequence[Channel] = ()

    def channels(self) -> Sequence[Channel]:
        return self.known

    def names(self) -> None:
        return None


class Desk:
    """A store with transitions, and channels."""

    def __init__(self) -> None:
        self.clock = HandClock()
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
    def told(self) -> list[list[str]]:
        """What each message told, in order."""
        return [[event.transition.value for event in message.events] for _, message in self.notifier.sent]


@pytest.fixture
async def desk() -> Desk:
    """Begin with a bucket that fell, ran low and recovered."""
    desk = Desk()
    await recorded(desk.stores, *UP_AND_DOWN)
    return desk


async def test_programs_get_each_transition_separately_in_order(desk: Desk) -> None:
    told = await desk.send_notifications(PROGRAM)

    assert told == NotificationSummary(routed=3, delivered=3, failed=0)
    assert desk.told == [["OPENED"], ["ESCALATED"], ["RESOLVED"]]


async def test_people_get_one_message_for_a_burst(desk: Desk) -> None:
    told = await desk.send_notifications(PEOPLE)

    ((_, message),) = desk.notifier.sent
    assert told == NotificationSummary(routed=3, delivered=1, failed=0)
    assert [event.transition.value for event in message.events] == ["OPENED", "ESCALATED", "RESOLVED"]
    assert (message.created_at, bool(message.title), bool(message.body)) == (NOON, True, True)


async def test_a_burst_waits_for_its_window(desk: Desk) -> None:
    patient = replace(PEOPLE, group_wait=MINUTE)

    first = await desk.send_notifications(patient)
    desk.clock.move(MINUTE)
    second = await desk.send_notifications(patient)

    assert (first.delivered, second.delivered, len(desk.told)) == (0, 1, 1)


async def test_no_notification_is_sent_twice(desk: Desk) -> None:
    await desk.send_notifications(PEOPLE, PROGRAM)

    again = await desk.send_notifications(PEOPLE, PROGRAM)

    assert again == NotificationSummary(routed=0, delivered=0, failed=0)


async def test_a_whole_backlog_is_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "ROUTING_BATCH", 2)
    monkeypatch.setattr(notify, "CLAIMED", 2)

    told = await desk.send_notifications(PEOPLE)

    assert told == NotificationSummary(routed=3, delivered=2, failed=0)
    assert desk.told == [["OPENED", "ESCALATED"], ["RESOLVED"]]


async def test_a_test_alert_is_sent_without_grouping(desk: Desk) -> None:
    await send_drill(desk.stores.alerts, desk.clock, PARTICIPANT, "ana", "weekly test")

    await desk.send_notifications(PEOPLE)

    assert desk.told == [["OPENED"], ["ESCALATED"], ["RESOLVED"], ["OPENED"], ["RESOLVED"]]


async def test_a_failure_stops_the_channel_to_preserve_order(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.notifier.answers = [BUSY]

    with caplog.at_level(logging.WARNING):
        first = await desk.send_notifications(PROGRAM)
    at_once = await desk.send_notifications(PROGRAM)
    desk.clock.move(INITIAL_BACKOFF)
    later = await desk.send_notifications(PROGRAM)

    assert [first, at_once, later] == [
        NotificationSummary(routed=3, delivered=0, failed=1),
        NotificationSummary(routed=0, delivered=0, failed=0),
        NotificationSummary(routed=0, delivered=3, failed=0),
    ]
    assert desk.told == [["OPENED"], ["ESCALATED"], ["RESOLVED"]]
    assert any(line.startswith("channel.refused answer=503") for line in log_lines(caplog))


async def test_a_failure_of_one_channel_does_not_affect_another(desk: Desk) -> None:
    notifier = SlowNotifier(desk.clock, answers={"hook": BUSY})
    parts = notifications(desk.stores, desk.clock, PROGRAM, replace(PROGRAM, name="other"), notifier=notifier)

    told = await send_notifications(parts, WITHIN)

    assert told == NotificationSummary(routed=3, delivered=3, failed=1)
    assert [name for name, _ in notifier.sent].count("other") == 3


async def test_every_attempt_is_recorded(desk: Desk) -> None:
    desk.notifier.answers = [BUSY]
    await desk.send_notifications(PROGRAM)
    desk.clock.move(INITIAL_BACKOFF)
    await desk.send_notifications(PROGRAM)

    first = (await desk.ledger())[0]

    assert [(attempt.at, attempt.answer.text, attempt.status) for attempt in first.attempts] == [
        (NOON, "503", Status.PENDING),
        (NOON + INITIAL_BACKOFF, "kept in memory", Status.DELIVERED),
    ]
    assert first.attempts[0].next_try_at == NOON + INITIAL_BACKOFF
    assert (first.notification.status, first.notification.attempts) == (Status.DELIVERED, 1)


async def test_a_repeated_message_has_the_same_id(desk: Desk) -> None:
    notifier = SlowNotifier(desk.clock, answers={"ops": BUSY})
    parts = notifications(desk.stores, desk.clock, PEOPLE, notifier=notifier)
    await send_notifications(parts, WITHIN)
    desk.clock.move(INITIAL_BACKOFF)
    await send_notifications(parts, WITHIN)

    first, second = (message for _, message in notifier.sent)

    assert first.message_id == second.message_id


@pytest.mark.parametrize("one", [PROGRAM, PEOPLE], ids=["program", "people"])
async def test_notifications_after_the_deadline_wait_for_the_next_round(desk: Desk, one: Channel) -> None:
    await send_drill(desk.stores.alerts, desk.clock, PARTICIPANT, "ana", "weekly test")
    notifier = SlowNotifier(desk.clock, takes=timedelta(seconds=10))
    parts = notifications(desk.stores, desk.clock, one, notifier=notifier)

    told = await send_notifications(parts, within=timedelta(seconds=20))

    assert told.delivered == 2


async def test_unsent_notifications_are_released_at_the_deadline(desk: Desk) -> None:
    slow = SlowNotifier(desk.clock, takes=WITHIN)
    await send_notifications(notifications(desk.stores, desk.clock, PROGRAM, notifier=slow), WITHIN)

    await desk.send_notifications(PROGRAM)

    assert desk.told == [["ESCALATED"], ["RESOLVED"]]


async def test_notifications_of_a_dead_sender_are_sent_after_its_lease(desk: Desk) -> None:
    desk.notifier.answers = []
    await desk.send_notifications(replace(PEOPLE, group_wait=HOUR))
    desk.clock.move(HOUR)
    claimed = await desk.stores.notifications.claim("ops", desk.clock.now(), LEASE, 100)

    during = await desk.send_notifications(PEOPLE)
    desk.clock.move(LEASE)
    after = await desk.send_notifications(PEOPLE)

    assert (len(claimed), during.delivered, after.delivered) == (3, 0, 1)


async def test_notifications_of_a_removed_channel_are_dropped(desk: Desk) -> None:
    await desk.send_notifications(replace(PEOPLE, group_wait=HOUR))
    desk.clock.move(ROLL_OUT + INITIAL_BACKOFF)

    await desk.send_notifications(PROGRAM)

    assert [entry.notification.status for entry in await desk.ledger()] == [Status.DEAD] * 3


async def test_notifications_of_a_channel_new_to_this_process_stay_pending(desk: Desk) -> None:
    await desk.send_notifications(replace(PEOPLE, group_wait=HOUR))

    await desk.send_notifications(PROGRAM)

    assert [entry.notification.status for entry in await desk.ledger()] == [Status.PENDING] * 3


async def test_a_silence_suppresses_notifications_and_the_ledger_shows_it() -> None:
    desk = Desk()
    order = NewSilence(
        purpose=Purpose.SILENCE, matchers=Matchers(), ends_at=NOON + HOUR, actor="ana", reason="a release"
    )
    silence = await create_silence(desk.stores.silences, desk.clock, order)
    await recorded(desk.stores, *UP_AND_DOWN)

    told = await desk.send_notifications(PROGRAM)

    assert told == NotificationSummary(routed=3, delivered=0, failed=0)
    assert {(entry.notification.status, entry.notification.silence_id) for entry in await desk.ledger()} == {
        (Status.SUPPRESSED, silence.silence_id)
    }


async def test_a_notified_channel_gets_the_resolution_in_a_later_round() -> None:
    desk = Desk()
    pager = channel("pager", Routes(severity=Severity.CRITICAL), format=ChannelType.WEBHOOK)
    await recorded(desk.stores, *UP_AND_DOWN[:3])
    await desk.send_notifications(pager)
    await recorded(desk.stores, snapshot(bucket(200), at=NOON + 10 * FIVE_MINUTES))

    await desk.send_notifications(pager)

    assert desk.told == [["ESCALATED"], ["DEESCALATED"]]


async def test_without_channels_transitions_count_as_routed(desk: Desk) -> None:
    assert await desk.send_notifications() == NotificationSummary(routed=3, delivered=0, failed=0)
    assert await desk.ledger() == []


async def test_transitions_wait_while_the_channels_are_unknown(desk: Desk) -> None:
    parts = replace(notifications(desk.stores, desk.clock), channels=UnreadChannels())

    told = await send_notifications(parts, WITHIN)

    assert told == NotificationSummary(routed=0, delivered=0, failed=0)
    assert (await desk.send_notifications(PROGRAM)).routed == 3


async def test_the_last_channels_are_used_while_the_file_is_unreadable(desk: Desk) -> None:
    await desk.send_notifications(replace(PEOPLE, group_wait=HOUR))
    desk.clock.move(2 * HOUR)
    parts = replace(notifications(desk.stores, desk.clock, notifier=desk.notifier), channels=UnreadChannels((PROGRAM,)))

    await send_notifications(parts, WITHIN)

    assert [entry.notification.status for entry in await desk.ledger()] == [Status.PENDING] * 3


async def test_without_time_left_nothing_is_sent(desk: Desk) -> None:
    assert await desk.send_notifications(PROGRAM, within=timedelta(0)) == NotificationSummary(
        routed=3, delivered=0, failed=0
    )
