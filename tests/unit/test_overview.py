from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.memory.alerts import MemorySilences
from dict_rate_limit.adapters.memory.stores import memory_stores
from dict_rate_limit.domain.alerts.alert import Acknowledgement
from dict_rate_limit.domain.audit import AuditAction, AuditEntry
from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.usecases import overview as usecase
from dict_rate_limit.usecases.alerts import AcknowledgeAlert, acknowledge
from dict_rate_limit.usecases.drill import send_drill
from dict_rate_limit.usecases.overview import OverviewDeps, overview
from samples.alerts import silence
from samples.domain import NOON, PARTICIPANT, bucket, snapshot
from samples.readings import OTHER, ReadingWorld, absent_stores, recorded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dict_rate_limit.domain.notifications.silence import Silence
    from dict_rate_limit.usecases.overview import Overview

ENTRY = AuditEntry(
    at=NOON,
    actor="ana",
    act=AuditAction.SILENCE_CREATED,
    subject_id=silence().silence_id,
    detail="",
    reason="a release",
)


@pytest.fixture
def world() -> ReadingWorld:
    return ReadingWorld()


async def seen(world: ReadingWorld, participant: str = PARTICIPANT) -> Overview:
    parts = OverviewDeps(reader=world.reader(), stores=world.stores, clock=world.clock)
    return await overview(parts, participant)


async def test_the_overview_has_reading_alerts_and_last_outcome(world: ReadingWorld) -> None:
    await recorded(world.stores, snapshot(bucket(0)))

    view = await seen(world)

    assert view.reading is not None
    assert view.stored is not None
    assert [alert.policy_name for alert in view.stored.alerts] == ["CLAIMS_READ"]
    assert view.stored.last_outcome is Outcome.OK


async def test_an_alert_has_its_acknowledgement(world: ReadingWorld) -> None:
    await recorded(world.stores, snapshot(bucket(0)))
    (alert,) = await world.stores.state.open_alerts([PARTICIPANT])
    order = AcknowledgeAlert(alert_id=alert.alert_id, actor="ana", reason="on it", until=NOON + timedelta(hours=1))
    await acknowledge(world.stores.alerts, world.clock, order)

    view = await seen(world)

    assert view.stored is not None
    assert [one.acknowledgement for one in view.stored.alerts] == [
        Acknowledgement(actor="ana", reason="on it", at=NOON, until=NOON + timedelta(hours=1))
    ]


async def test_the_overview_has_silences_and_pending_transitions(world: ReadingWorld) -> None:
    await recorded(world.stores, snapshot(bucket(0)))
    await world.stores.silences.add(silence(), ENTRY)

    view = await seen(world)

    assert view.stored is not None
    assert view.stored.silences == [silence()]
    assert (view.stored.backlog.waiting, view.stored.backlog.oldest_at) == (1, NOON)


async def test_a_test_alert_does_not_count_as_a_problem(world: ReadingWorld) -> None:
    await send_drill(world.stores.alerts, world.clock, PARTICIPANT, "ana", "before the holidays")

    view = await seen(world)

    assert view.stored is not None
    assert view.stored.alerts == []


async def test_unknown_values_differ_from_empty_ones(world: ReadingWorld) -> None:
    world.stores, world.source.error = absent_stores(world.clock), SourceError(Outcome.UNAVAILABLE, "down")

    view = await seen(world)

    assert (view.reading, view.stored) == (None, None)


class SilentSilences(MemorySilences):
    """Never responds."""

    async def current(self, now: datetime, *, limit: int | None = None) -> Sequence[Silence]:
        await asyncio.Event().wait()
        return await super().current(now, limit=limit)


async def test_a_slow_database_times_out(world: ReadingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usecase, "STORE_TIMEOUT", 0.01)
    stores = memory_stores(world.clock)
    world.stores = replace(stores, silences=SilentSilences(stores.database))

    view = await seen(world)

    assert view.reading is not None
    assert view.stored is None


async def test_a_participant_never_polled_has_no_alerts_and_no_outcome(world: ReadingWorld) -> None:
    view = await seen(world, OTHER)

    assert view.stored is not None
    assert (view.stored.alerts, view.stored.last_outcome) == ([], None)
