"""AlertRepository, tested with memory and PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Acknowledgement, Kind, TransitionKind
from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.alerts.transition import Subject, acknowledged, drilled
from dict_rate_limit.domain.audit import AuditAction, AuditEntry
from dict_rate_limit.texts.alert_lines import alert_events
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, RULES, bucket, failure, recorded, snapshot, ticks
from samples.notifications import route_all

if TYPE_CHECKING:
    from dict_rate_limit.domain.alerts.alert import Alert
    from store_harness import Harness
UNKNOWN_ID = UUID(int=0)
ANOTHER = "87654321"
ACKNOWLEDGED = Acknowledgement(actor="ana", reason="ligando para o BACEN", at=NOON, until=NOON + timedelta(hours=1))
SUBJECT = Subject(participant=PARTICIPANT, policy_name=ANY_POLICY, kind=Kind.DRILL)


async def test_an_alert_has_all_its_transitions(harness: Harness) -> None:
    await harness.record_all(*ticks(bucket(), bucket(200), (bucket(50), bucket(0, name="KEYS_CHECK")), bucket()))
    events = await harness.unpublished()
    alert_id = events[0].alert_id

    history = await harness.stores.alerts.alert(alert_id)

    assert history is not None
    assert list(history.events) == [event for event in events if event.alert_id == alert_id]
    assert [event.transition for event in history.events] == [
        TransitionKind.OPENED,
        TransitionKind.ESCALATED,
        TransitionKind.RESOLVED,
    ]
    assert (history.alert.alert_id, history.alert.sequence) == (alert_id, 3)
    assert history.alert.resolved_at == history.events[-1].detected_at


async def test_the_history_has_the_delivery_of_each_transition(harness: Harness) -> None:
    await harness.record_all(*ticks(bucket(), bucket(200), bucket(50)))
    first, second = await harness.unpublished()
    await route_all(harness.stores)
    async with harness.stores.outbox.claim_batch(10, NOON) as unit:
        await unit.mark_published([first.event_id], NOON)
        await unit.mark_refused(second.event_id, "too large", NOON, None)
    await harness.record(snapshot(bucket(), at=NOON + 3 * FIVE_MINUTES))

    history = await harness.stores.alerts.alert(first.alert_id)

    assert history is not None
    assert len(history.events) == 3
    assert history.published == {first.event_id}
    assert history.dead == {second.event_id}
    assert history.routed == {first.event_id, second.event_id}


async def test_an_unknown_alert_is_none(harness: Harness) -> None:
    assert await harness.stores.alerts.alert(UNKNOWN_ID) is None


async def test_alerts_are_sorted_last_opened_first(harness: Harness) -> None:
    names = ("ALFA", "BRAVO", "CHARLIE")
    full, low = {name: bucket(name=name) for name in names}, {name: bucket(200, name=name) for name in names}
    await harness.record_all(
        *ticks(
            tuple(full.values()),
            (low["ALFA"], full["BRAVO"], full["CHARLIE"]),
            (low["ALFA"], low["BRAVO"], low["CHARLIE"]),
            (full["ALFA"], low["BRAVO"], low["CHARLIE"]),
        )
    )

    everything = await harness.stores.alerts.alerts([PARTICIPANT], open_only=False, limit=10)

    assert [alert.policy_name for alert in everything] == ["BRAVO", "CHARLIE", "ALFA"]
    assert await harness.stores.alerts.alerts([PARTICIPANT], open_only=True, limit=10) == everything[:2]
    assert await harness.stores.alerts.alerts([PARTICIPANT], open_only=False, limit=1) == everything[:1]


async def test_alerts_are_filtered_by_participant(harness: Harness) -> None:
    await harness.record(snapshot(bucket(0)))

    assert await harness.stores.alerts.alerts([ANOTHER], open_only=False, limit=10) == []
    assert len(await harness.stores.alerts.alerts([ANOTHER, PARTICIPANT], open_only=False, limit=10)) == 1


async def test_an_action_loads_the_current_alert(harness: Harness) -> None:
    alert = await opened(harness)

    async with harness.stores.alerts.unit_of_work(PARTICIPANT) as unit:
        assert await unit.alert(alert.alert_id) == alert


async def test_an_action_loads_no_alert_of_another_participant(harness: Harness) -> None:
    alert = await opened(harness)

    async with harness.stores.alerts.unit_of_work(ANOTHER) as unit:
        assert await unit.alert(alert.alert_id) is None
        assert await unit.alert(UNKNOWN_ID) is None


async def test_every_query_returns_the_acknowledgement(harness: Harness) -> None:
    alert = await opened(harness)

    await acknowledge(harness, alert)

    history = await harness.stores.alerts.alert(alert.alert_id)
    state = await harness.load(failure(at=NOON + FIVE_MINUTES))
    assert history is not None
    assert history.alert.acknowledgement == ACKNOWLEDGED
    assert state is not None
    assert [one.acknowledgement for one in state.open_alerts] == [ACKNOWLEDGED]
    assert [one.acknowledgement for one in await harness.stores.state.open_alerts([PARTICIPANT])] == [ACKNOWLEDGED]


async def test_an_acknowledgement_is_a_pending_transition(harness: Harness) -> None:
    alert = await opened(harness)

    await acknowledge(harness, alert)

    first, second = await harness.unpublished()
    assert (first.acknowledgement, second.acknowledgement) == (None, ACKNOWLEDGED)
    assert (second.transition, second.sequence) == (TransitionKind.ACKNOWLEDGED, 2)


async def test_an_acknowledgement_survives_polls_without_changes(harness: Harness) -> None:
    await acknowledge(harness, await opened(harness))

    await harness.record(snapshot(bucket(200), at=NOON + FIVE_MINUTES))

    assert [one.acknowledgement for one in await harness.stores.state.open_alerts([PARTICIPANT])] == [ACKNOWLEDGED]


async def test_an_escalation_ends_the_acknowledgement(harness: Harness) -> None:
    await acknowledge(harness, await opened(harness))

    await harness.record(snapshot(bucket(50), at=NOON + FIVE_MINUTES))

    assert [one.acknowledgement for one in await harness.stores.state.open_alerts([PARTICIPANT])] == [None]


async def test_a_test_alert_is_opened_and_resolved_in_one_action(harness: Harness) -> None:
    changes = drilled(SUBJECT, ACKNOWLEDGED)
    alert = changes[-1].alert

    async with harness.stores.alerts.unit_of_work(PARTICIPANT) as unit:
        await unit.save(alert, alert_events(changes), entry(AuditAction.DRILL_SENT, alert.alert_id))

    history = await harness.stores.alerts.alert(alert.alert_id)
    assert history is not None
    assert history.alert == alert
    assert [event.transition for event in history.events] == [TransitionKind.OPENED, TransitionKind.RESOLVED]
    assert await harness.unpublished() == list(history.events)
    assert await harness.stores.state.open_alerts([PARTICIPANT]) == []


async def test_an_error_inside_an_action_stores_nothing(harness: Harness) -> None:
    alert = await opened(harness)

    with pytest.raises(RuntimeError, match="lost"):
        await acknowledge_then_fail(harness, alert)

    history = await harness.stores.alerts.alert(alert.alert_id)
    assert history is not None
    assert (history.alert, len(history.events)) == (alert, 1)
    assert await harness.stores.audit.newest(10) == []


async def test_after_an_error_the_next_action_can_begin(harness: Harness) -> None:
    alert = await opened(harness)
    with pytest.raises(RuntimeError, match="lost"):
        await acknowledge_then_fail(harness, alert)

    await acknowledge(harness, alert)

    assert len(await harness.stores.audit.newest(10)) == 1


async def test_recording_waits_for_an_action(harness: Harness) -> None:
    alert = await opened(harness)
    async with harness.stores.alerts.unit_of_work(PARTICIPANT) as unit:
        poll = asyncio.create_task(harness.record(snapshot(bucket(), at=NOON + FIVE_MINUTES)))
        after, event = recorded(acknowledged(alert, ACKNOWLEDGED))
        await unit.save(after, [event], entry(AuditAction.ALERT_ACKNOWLEDGED, alert.alert_id))
        assert not poll.done()

    await poll
    history = await harness.stores.alerts.alert(alert.alert_id)
    assert history is not None
    assert [event.transition for event in history.events] == [
        TransitionKind.OPENED,
        TransitionKind.ACKNOWLEDGED,
        TransitionKind.RESOLVED,
    ]


async def test_an_action_waits_for_recording(harness: Harness) -> None:
    alert, worse = await opened(harness), snapshot(bucket(50), at=NOON + FIVE_MINUTES)
    async with harness.stores.state.begin(PARTICIPANT) as unit:
        state = await unit.load(worse)
        assert state is not None
        _, evaluation = evaluate_poll(state, worse, RULES)
        await unit.save(evaluation, alert_events(evaluation.changes))
        act = asyncio.create_task(seen(harness, alert))
        await asyncio.sleep(0)
        await harness.stores.audit.newest(1)

    assert (await act).sequence == 2


async def test_actions_of_different_participants_do_not_wait(harness: Harness) -> None:
    alert = await opened(harness)

    async with harness.stores.alerts.unit_of_work(ANOTHER):
        await acknowledge(harness, alert)

    assert len(await harness.stores.audit.newest(10)) == 1


async def test_audit_entries_are_sorted_newest_first(harness: Harness) -> None:
    alert = await opened(harness)
    await acknowledge(harness, alert)
    changes = drilled(SUBJECT, replace(ACKNOWLEDGED, actor="rui"))
    drill = AuditEntry(
        at=NOON,
        actor="rui",
        act=AuditAction.DRILL_SENT,
        subject_id=changes[0].alert.alert_id,
        detail="12345678",
        reason="'aspas' \"duplas\" \\ % %s $1 ç",
    )

    async with harness.stores.alerts.unit_of_work(PARTICIPANT) as unit:
        await unit.save(changes[-1].alert, alert_events(changes), drill)

    assert await harness.stores.audit.newest(10) == [drill, entry(AuditAction.ALERT_ACKNOWLEDGED, alert.alert_id)]
    assert await harness.stores.audit.newest(1) == [drill]


async def opened(harness: Harness) -> Alert:
    """Let one alert open."""
    await harness.record(snapshot(bucket(200)))
    (alert,) = await harness.stores.state.open_alerts([PARTICIPANT])
    return alert


async def seen(harness: Harness, alert: Alert) -> Alert:
    async with harness.stores.alerts.unit_of_work(alert.participant) as unit:
        found = await unit.alert(alert.alert_id)
    assert found is not None
    return found


async def acknowledge(harness: Harness, alert: Alert) -> None:
    async with harness.stores.alerts.unit_of_work(alert.participant) as unit:
        after, event = recorded(acknowledged(alert, ACKNOWLEDGED))
        await unit.save(after, [event], entry(AuditAction.ALERT_ACKNOWLEDGED, alert.alert_id))


async def acknowledge_then_fail(harness: Harness, alert: Alert) -> None:
    async with harness.stores.alerts.unit_of_work(alert.participant) as unit:
        after, event = recorded(acknowledged(alert, ACKNOWLEDGED))
        await unit.save(after, [event], entry(AuditAction.ALERT_ACKNOWLEDGED, alert.alert_id))
        message = "lost"
        raise RuntimeError(message)


def entry(act: AuditAction, subject_id: UUID) -> AuditEntry:
    return AuditEntry(
        at=NOON, actor="ana", act=act, subject_id=subject_id, detail="what was done", reason="ligando para o BACEN"
    )
