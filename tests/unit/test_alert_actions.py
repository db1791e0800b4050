from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from dict_rate_limit.adapters.memory.alerts import MemoryAlerts, MemoryAlertUnitOfWork
from dict_rate_limit.adapters.memory.stores import memory_stores
from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Kind, TransitionKind
from dict_rate_limit.domain.audit import AuditAction
from dict_rate_limit.domain.errors import ConflictError, InvalidValueError, NotFoundError
from dict_rate_limit.domain.notifications.silence import LONGEST, Matchers, Purpose, Recurrence, Weekday
from dict_rate_limit.usecases.alerts import LONGEST_ACKNOWLEDGEMENT, AcknowledgeAlert, acknowledge
from dict_rate_limit.usecases.drill import send_drill
from dict_rate_limit.usecases.silences import CreateSilence, create_silence, end_silence, matchers_text
from samples.alerts import HOUR, MINUTE
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, bucket, snapshot
from samples.fake_ports import FakeClock
from samples.readings import recorded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dict_rate_limit.domain.alerts.alert import Alert

UNKNOWN_ID = UUID(int=0)
SOON = NOON + HOUR


class ActionWorld:
    """A store with one alert."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.stores = memory_stores(self.clock)

    async def alert(self) -> Alert:
        """Open a warning."""
        await recorded(self.stores, snapshot(bucket(200), at=self.clock.now()))
        (alert,) = await self.stores.state.open_alerts([PARTICIPANT])
        return alert

    async def acknowledge(self, command: AcknowledgeAlert) -> Alert:
        return await acknowledge(self.stores.alerts, self.clock, command)


@pytest.fixture
def world() -> ActionWorld:
    return ActionWorld()


def command(alert: Alert, actor: str = "ana", until: datetime = SOON, sequence: int | None = None) -> AcknowledgeAlert:
    return AcknowledgeAlert(alert_id=alert.alert_id, actor=actor, reason="looking", until=until, sequence=sequence)


def new_silence(
    ends_at: datetime = SOON, starts_at: datetime | None = None, matchers: Matchers | None = None, reason: str = "work"
) -> CreateSilence:
    return CreateSilence(
        purpose=Purpose.MAINTENANCE,
        matchers=matchers or Matchers(policy="CLAIMS_*"),
        ends_at=ends_at,
        starts_at=starts_at,
        actor="ana",
        reason=reason,
    )


async def test_an_acknowledgement_is_a_transition_and_an_audit_entry(world: ActionWorld) -> None:
    alert = await world.alert()

    after = await world.acknowledge(command(alert))

    history = await world.stores.alerts.alert(alert.alert_id)
    (entry,) = await world.stores.audit.newest(10)
    assert history is not None
    assert history.alert == after
    assert [event.transition for event in history.events] == [TransitionKind.OPENED, TransitionKind.ACKNOWLEDGED]
    assert history.events[-1].message_en == (
        "CLAIMS_READ: acknowledged by ana until 2026-11-23 13:00 UTC: looking [participant 12345678]"
    )
    assert (entry.at, entry.actor, entry.act, entry.subject_id) == (
        NOON,
        "ana",
        AuditAction.ALERT_ACKNOWLEDGED,
        alert.alert_id,
    )
    assert (entry.detail, entry.reason) == ("CLAIMS_READ THRESHOLD until 2026-11-23T13:00:00Z", "looking")


async def test_the_first_of_two_acknowledgements_wins(world: ActionWorld) -> None:
    alert = await world.alert()

    first, second = await asyncio.gather(
        world.acknowledge(command(alert, "ana", sequence=1)),
        world.acknowledge(command(alert, "rui", sequence=1)),
        return_exceptions=True,
    )

    assert not isinstance(first, BaseException)
    assert isinstance(second, ConflictError)
    assert str(second) == "sequence: 1, expected 2: the alert has changed, read it again"


async def test_without_a_sequence_an_acknowledged_alert_is_a_conflict(world: ActionWorld) -> None:
    alert = await world.alert()
    await world.acknowledge(command(alert))

    with pytest.raises(ConflictError, match=r"ana acknowledged it until .*; send sequence 2 to replace it"):
        await world.acknowledge(command(alert, "rui"))


async def test_with_the_current_sequence_an_alert_can_be_taken_over(world: ActionWorld) -> None:
    alert = await world.alert()
    await world.acknowledge(command(alert))

    after = await world.acknowledge(command(alert, "rui", sequence=2))

    assert after.acknowledgement is not None
    assert after.acknowledgement.actor == "rui"


async def test_an_expired_acknowledgement_can_be_replaced(world: ActionWorld) -> None:
    alert = await world.alert()
    await world.acknowledge(command(alert))
    world.clock.move(HOUR)

    after = await world.acknowledge(command(alert, "rui", until=SOON + HOUR))

    assert after.acknowledgement is not None
    assert after.acknowledgement.actor == "rui"


async def test_an_outdated_sequence_is_a_conflict(world: ActionWorld) -> None:
    alert = await world.alert()
    await recorded(world.stores, snapshot(bucket(50), at=NOON + FIVE_MINUTES))

    with pytest.raises(ConflictError, match="sequence: 1, expected 2"):
        await world.acknowledge(command(alert, sequence=1))


async def test_a_resolved_alert_cannot_be_acknowledged(world: ActionWorld) -> None:
    alert = await world.alert()
    await recorded(world.stores, snapshot(bucket(1000), at=NOON + FIVE_MINUTES))

    with pytest.raises(ConflictError, match=r"expected an open one: it was resolved at 2026-11-23T12:05:00Z"):
        await world.acknowledge(command(alert))


async def test_an_unknown_alert_cannot_be_acknowledged(world: ActionWorld) -> None:
    alert = await world.alert()

    with pytest.raises(NotFoundError, match=f"alert: {UNKNOWN_ID}"):
        await world.acknowledge(command(replace(alert, alert_id=UNKNOWN_ID)))


class ForgetfulAlerts(MemoryAlerts):
    """Has no alert any more once its participant is locked."""

    @asynccontextmanager
    async def unit_of_work(self, participant: str) -> AsyncIterator[MemoryAlertUnitOfWork]:
        async with super().unit_of_work(participant[::-1]) as unit:
            yield unit


async def test_a_deleted_alert_cannot_be_acknowledged(world: ActionWorld) -> None:
    world.stores = replace(world.stores, alerts=ForgetfulAlerts(world.stores.database))
    alert = await world.alert()

    with pytest.raises(NotFoundError, match=f"alert: {alert.alert_id}"):
        await world.acknowledge(command(alert))


@pytest.mark.parametrize(
    ("until", "message"),
    [
        (NOON, "until: .*expected a time to come"),
        (NOON - MINUTE, "until: .*expected a time to come"),
        (NOON + LONGEST_ACKNOWLEDGEMENT + MINUTE, "until: .*expected within 30 days"),
        (datetime(2026, 11, 24), "until: .*expected a time with a time zone"),  # noqa: DTZ001 -- what is refused
    ],
)
async def test_an_end_in_the_past_or_far_future_is_rejected(world: ActionWorld, until: datetime, message: str) -> None:
    alert = await world.alert()

    with pytest.raises(InvalidValueError, match=message):
        await world.acknowledge(command(alert, until=until))


async def test_an_acknowledgement_needs_a_reason(world: ActionWorld) -> None:
    alert = await world.alert()

    with pytest.raises(InvalidValueError, match="reason: "):
        await world.acknowledge(replace(command(alert), reason=" "))

    assert await world.stores.audit.newest(10) == []


async def test_a_silence_starts_now_and_is_audited(world: ActionWorld) -> None:
    made = await create_silence(world.stores.silences, world.clock, new_silence())

    (entry,) = await world.stores.audit.newest(10)
    assert await world.stores.silences.current(NOON) == [made]
    assert (made.starts_at, made.ends_at, made.created_at, made.actor) == (NOON, SOON, NOON, "ana")
    assert (entry.act, entry.subject_id, entry.reason) == (AuditAction.SILENCE_CREATED, made.silence_id, "work")
    assert entry.detail == "MAINTENANCE policy=CLAIMS_* until 2026-11-23T13:00:00Z"


async def test_a_silence_may_start_later_and_recur(world: ActionWorld) -> None:
    nights = Recurrence(days=(Weekday.FRI,), start=time(22), end=time(6), time_zone="America/Sao_Paulo")
    later = new_silence(starts_at=NOON + MINUTE)

    made = await create_silence(world.stores.silences, world.clock, replace(later, recurrence=nights))

    assert (made.starts_at, made.recurrence) == (NOON + MINUTE, nights)


async def test_a_silence_does_not_start_before_its_creation(world: ActionWorld) -> None:
    made = await create_silence(world.stores.silences, world.clock, new_silence(starts_at=NOON - timedelta(days=900)))

    assert made.starts_at == NOON


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (new_silence(ends_at=NOON), "ends_at: .*expected a time to come"),
        (new_silence(starts_at=NOON - HOUR, ends_at=NOON - MINUTE), "ends_at: .*expected a time to come"),
        (new_silence(starts_at=SOON + MINUTE), "ends_at: .*expected later than starts_at"),
        (new_silence(ends_at=NOON + LONGEST + MINUTE), "ends_at: .*expected within 366 days"),
        (new_silence(starts_at=datetime(2026, 11, 24)), "starts_at: .*time zone"),  # noqa: DTZ001 -- what is refused
        (new_silence(reason=""), "reason: "),
        (
            new_silence(matchers=Matchers(kind="TRESHOLD")),
            "kind: 'TRESHOLD', expected a glob that matches one of THRES",
        ),
        (new_silence(matchers=Matchers(severity="warn*")), "severity: 'warn\\*', expected a glob .* INFO, WARNING"),
    ],
)
async def test_an_invalid_silence_is_rejected_and_not_stored(
    world: ActionWorld, wanted: CreateSilence, message: str
) -> None:
    with pytest.raises(InvalidValueError, match=message):
        await create_silence(world.stores.silences, world.clock, wanted)

    assert await world.stores.audit.newest(10) == []


async def test_a_silence_can_be_ended_early(world: ActionWorld) -> None:
    made = await create_silence(world.stores.silences, world.clock, new_silence())
    world.clock.move(MINUTE)

    ended = await end_silence(world.stores.silences, world.clock, made.silence_id, "rui", "done")

    entry, _ = await world.stores.audit.newest(10)
    assert (ended.ended_at, ended.ended_by) == (NOON + MINUTE, "rui")
    assert (entry.act, entry.actor, entry.reason) == (AuditAction.SILENCE_ENDED, "rui", "done")


async def test_a_silence_is_ended_once(world: ActionWorld) -> None:
    made = await create_silence(world.stores.silences, world.clock, new_silence())
    await end_silence(world.stores.silences, world.clock, made.silence_id, "rui", "done")

    with pytest.raises(NotFoundError, match=f"silence: {made.silence_id}, expected one that has not ended"):
        await end_silence(world.stores.silences, world.clock, made.silence_id, "ana", "done")


async def test_ending_a_silence_needs_a_reason(world: ActionWorld) -> None:
    made = await create_silence(world.stores.silences, world.clock, new_silence())

    with pytest.raises(InvalidValueError, match="reason: "):
        await end_silence(world.stores.silences, world.clock, made.silence_id, "rui", "")

    assert await world.stores.silences.current(NOON) == [made]


async def test_a_test_alert_is_resolved_at_once_and_pending(world: ActionWorld) -> None:
    sent = await send_drill(world.stores.alerts, world.clock, PARTICIPANT, "ana", "weekly test")

    async with world.stores.outbox.claim_batch(10, NOON) as unit:
        events = list(unit.events)
    assert (sent.kind, sent.policy_name, sent.resolved_at) == (Kind.DRILL, ANY_POLICY, NOON)
    assert [event.transition for event in events] == [TransitionKind.OPENED, TransitionKind.RESOLVED]
    assert events[0].message_en == ("TEST sent by ana: weekly test. Nothing needs to be done [participant 12345678]")
    assert await world.stores.state.open_alerts([PARTICIPANT]) == []


async def test_a_test_alert_is_audited(world: ActionWorld) -> None:
    sent = await send_drill(world.stores.alerts, world.clock, PARTICIPANT, "ana", "weekly test")

    (entry,) = await world.stores.audit.newest(10)
    assert (entry.act, entry.subject_id, entry.detail) == (AuditAction.DRILL_SENT, sent.alert_id, PARTICIPANT)


async def test_a_test_alert_needs_a_reason(world: ActionWorld) -> None:
    with pytest.raises(InvalidValueError, match="reason: "):
        await send_drill(world.stores.alerts, world.clock, PARTICIPANT, "ana", "")


@pytest.mark.parametrize(
    ("matchers", "text"),
    [
        (Matchers(), "everything"),
        (Matchers(policy="CLAIMS_*", severity="WARNING"), "policy=CLAIMS_*, severity=WARNING"),
    ],
)
def test_matchers_are_formatted_on_one_line(matchers: Matchers, text: str) -> None:
    assert matchers_text(matchers) == text
