from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Acknowledgement, Kind
from dict_rate_limit.domain.alerts.transition import Subject, drilled
from dict_rate_limit.domain.errors import StoreError, StoreUnavailableError
from dict_rate_limit.domain.notifications.routing import DeliveryResult
from dict_rate_limit.texts.alert_lines import alert_events
from postgres_database import END_OTHER_SESSIONS, execute, opened_store, record, rows, values
from samples.domain import NOON, PARTICIPANT, bucket, snapshot
from samples.notifications import failed, route_all
from samples.recovery import AUDITED, SILENCE

if TYPE_CHECKING:
    from dict_rate_limit.ports.stores import Stores


NUL = "a\0b"
KEPT = "a\N{REPLACEMENT CHARACTER}b"


async def test_text_that_postgresql_cannot_store_loses_no_action(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await stores.silences.add(replace(SILENCE, actor=NUL), replace(AUDITED, actor=NUL, detail=NUL, reason=NUL))
        ended = await stores.silences.end(SILENCE.silence_id, NUL, NOON, AUDITED)

        assert ended is not None
        assert (ended.actor, ended.ended_by) == (KEPT, KEPT)
        assert (await stores.audit.newest(2))[1] == replace(AUDITED, actor=KEPT, detail=KEPT, reason=KEPT)


async def test_text_that_postgresql_cannot_store_loses_no_acknowledgement(migrated_database_url: str) -> None:
    acknowledgement_by = Acknowledgement(actor=NUL, reason="ligando", at=NOON, until=NOON.replace(hour=13))
    subject = Subject(participant=PARTICIPANT, policy_name=ANY_POLICY, kind=Kind.DRILL)
    changes = drilled(subject, acknowledgement_by)
    alert = changes[-1].alert

    async with opened_store(migrated_database_url) as stores:
        async with stores.alerts.unit_of_work(PARTICIPANT) as unit:
            await unit.save(alert, alert_events(changes), AUDITED)
        history = await stores.alerts.alert(alert.alert_id)

    assert history is not None
    assert history.alert.acknowledgement == replace(acknowledgement_by, actor=KEPT)


async def test_text_that_postgresql_cannot_store_loses_no_attempt(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket(0)))
        routed = await route_all(stores, "slack")

        await stores.notifications.record_attempts([replace(failed(routed), answer=DeliveryResult(ok=False, text=NUL))])

        assert (await stores.notifications.last_attempts())["slack"].answer.text == KEPT


async def test_a_duplicate_silence_is_rejected_and_audited_once(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await stores.silences.add(SILENCE, AUDITED)

        with pytest.raises(StoreError, match="duplicate key"):
            await stores.silences.add(SILENCE, AUDITED)

        assert await stores.audit.newest(10) == [AUDITED]


async def test_an_action_with_a_killed_connection_stores_nothing(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        with pytest.raises(StoreUnavailableError):
            await drill_and_kill(stores, migrated_database_url)

    for table in ("alerts", "alert_events", "audit"):
        assert rows(migrated_database_url, f"TABLE dict_rate_limit_{table}") == [], table


async def test_a_router_with_a_killed_connection_stores_nothing(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket(0)))

        with pytest.raises(StoreUnavailableError):
            await route_and_kill(stores, migrated_database_url)

        async with stores.notifications.routing(10) as unit:
            assert len(unit.events) == 1
    assert values(migrated_database_url, "SELECT count(*) FROM dict_rate_limit_notifications") == [0]


async def test_an_attempt_without_a_notification_is_rejected(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket(0)))
        routed = await route_all(stores, "slack")

        with pytest.raises(StoreError, match="foreign key"):
            await stores.notifications.record_attempts([replace(failed(routed), notification_ids=(UUID(int=0),))])


async def drill_and_kill(stores: Stores, url: str) -> None:
    subject = Subject(participant=PARTICIPANT, policy_name=ANY_POLICY, kind=Kind.DRILL)
    sender = Acknowledgement(actor="ana", reason="teste", at=NOON, until=NOON.replace(hour=13))
    changes = drilled(subject, sender)
    async with stores.alerts.unit_of_work(PARTICIPANT) as unit:
        await unit.save(changes[-1].alert, alert_events(changes), AUDITED)
        execute(url, END_OTHER_SESSIONS)


async def route_and_kill(stores: Stores, url: str) -> None:
    async with stores.notifications.routing(10) as unit:
        await unit.route([])
        execute(url, END_OTHER_SESSIONS)
