"""SilenceRepository and AuditLog, tested with memory and PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from dict_rate_limit.domain.audit import AuditAction, AuditEntry
from dict_rate_limit.domain.notifications.silence import Matchers, Purpose, Recurrence, Silence, Weekday
from samples.domain import NOON

if TYPE_CHECKING:
    from store_harness import Harness
HOUR = timedelta(hours=1)
ID = UUID(int=1)
SILENCE = Silence(
    silence_id=ID,
    purpose=Purpose.SILENCE,
    matchers=Matchers(policy="CLAIMS_*", severity="WARNING"),
    starts_at=NOON,
    ends_at=NOON + 4 * HOUR,
    recurrence=None,
    actor="ana",
    reason="já sabemos",
    created_at=NOON,
)
WINDOW = replace(
    SILENCE,
    silence_id=UUID(int=2),
    purpose=Purpose.MAINTENANCE,
    matchers=Matchers(kind="THRESHOLD", participant="1234567?"),
    starts_at=NOON + HOUR,
    ends_at=NOON + 2 * HOUR,
    recurrence=Recurrence(
        days=(Weekday.SAT, Weekday.SUN), start=time(22, 30), end=time(6), time_zone="America/Sao_Paulo"
    ),
    created_at=NOON.astimezone(timezone(timedelta(hours=-3))),
)


async def test_an_empty_store_has_no_silences(harness: Harness) -> None:
    assert await harness.stores.silences.current(NOON) == []
    assert await harness.stores.silences.ended(NOON) == []


@pytest.mark.parametrize("silence", [SILENCE, WINDOW], ids=["a silence", "a window that recurs"])
async def test_a_silence_survives_a_round_trip(harness: Harness, silence: Silence) -> None:
    await add(harness, silence)

    assert await harness.stores.silences.current(NOON) == [silence]


async def test_silences_are_sorted_by_their_end(harness: Harness) -> None:
    await add(harness, SILENCE)
    await add(harness, WINDOW)

    assert await harness.stores.silences.current(NOON) == [WINDOW, SILENCE]


async def test_at_most_the_limit_is_returned(harness: Harness) -> None:
    await add(harness, SILENCE)
    await add(harness, WINDOW)

    assert await harness.stores.silences.current(NOON, limit=1) == [WINDOW]
    assert await harness.stores.silences.ended(NOON + 4 * HOUR, limit=1) == [
        (await harness.stores.silences.ended(NOON + 4 * HOUR))[0]
    ]


async def test_a_silence_is_found_by_its_id(harness: Harness) -> None:
    await add(harness, SILENCE)
    await harness.stores.silences.end(ID, "rui", NOON + HOUR, entry(AuditAction.SILENCE_ENDED, "rui"))

    found = await harness.stores.silences.silence(ID)

    assert found == replace(SILENCE, ended_at=NOON + HOUR, ended_by="rui")
    assert await harness.stores.silences.silence(UUID(int=9)) is None


async def test_a_silence_is_ended_at_its_end(harness: Harness) -> None:
    await add(harness, SILENCE)

    assert await harness.stores.silences.current(SILENCE.ends_at - timedelta(microseconds=1)) == [SILENCE]
    assert await harness.stores.silences.current(SILENCE.ends_at) == []
    assert await harness.stores.silences.ended(SILENCE.ends_at) == [SILENCE]


async def test_ended_silences_are_sorted_newest_first(harness: Harness) -> None:
    newer = replace(SILENCE, silence_id=UUID(int=3), created_at=NOON + HOUR)
    for silence in (SILENCE, newer):
        await add(harness, silence)

    assert await harness.stores.silences.ended(SILENCE.ends_at) == [newer, SILENCE]
    assert await harness.stores.silences.ended(NOON) == []


async def test_a_silence_ended_early_is_no_longer_active(harness: Harness) -> None:
    await add(harness, SILENCE)

    ended = await end(harness, NOON + HOUR)

    assert ended == replace(SILENCE, ended_at=NOON + HOUR, ended_by="rui")
    assert await harness.stores.silences.current(NOON + HOUR) == []
    assert await harness.stores.silences.ended(NOON + HOUR) == [ended]
    assert await harness.stores.silences.current(NOON) == [ended]


async def test_a_window_may_be_ended_before_its_start(harness: Harness) -> None:
    await add(harness, WINDOW)

    ended = await end(harness, NOON, WINDOW.silence_id)

    assert ended is not None
    assert await harness.stores.silences.current(NOON) == []


@pytest.mark.parametrize("at", [SILENCE.ends_at, SILENCE.ends_at + HOUR], ids=["just over", "long over"])
async def test_an_ended_silence_cannot_be_ended(harness: Harness, at: datetime) -> None:
    await add(harness, SILENCE)

    assert await end(harness, at) is None
    assert await harness.stores.silences.ended(at) == [SILENCE]


async def test_an_unknown_silence_cannot_be_ended(harness: Harness) -> None:
    assert await end(harness, NOON) is None
    assert await harness.stores.audit.newest(10) == []


async def test_only_one_of_two_concurrent_ends_succeeds(harness: Harness) -> None:
    await add(harness, SILENCE)

    ended = await asyncio.gather(end(harness, NOON), end(harness, NOON))

    assert sorted(one is None for one in ended) == [False, True]
    assert [kept.act for kept in await harness.stores.audit.newest(10)] == [
        AuditAction.SILENCE_ENDED,
        AuditAction.SILENCE_CREATED,
    ]


async def test_created_and_ended_silences_are_audited(harness: Harness) -> None:
    await add(harness, SILENCE)
    await end(harness, NOON)

    assert await harness.stores.audit.newest(10) == [
        entry(AuditAction.SILENCE_ENDED, "rui"),
        entry(AuditAction.SILENCE_CREATED, "ana"),
    ]


async def add(harness: Harness, silence: Silence) -> None:
    await harness.stores.silences.add(silence, entry(AuditAction.SILENCE_CREATED, silence.actor))


async def end(harness: Harness, at: datetime, silence_id: UUID = ID) -> Silence | None:
    return await harness.stores.silences.end(silence_id, "rui", at, entry(AuditAction.SILENCE_ENDED, "rui"))


def entry(act: AuditAction, actor: str) -> AuditEntry:
    return AuditEntry(at=NOON, actor=actor, act=act, subject_id=ID, detail="o que foi feito", reason="já sabemos")
