"""People who act at once, on the real database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from api.actions_world import ALERTS, AUDIT, DRILLS, ROOT, SILENCES, ActionsWorld, get, post
from dict_rate_limit.adapters.clock import SystemClock
from postgres_database import opened_store
from samples.alerts import HOUR, channel
from samples.domain import FIVE_MINUTES, PARTICIPANT, bucket, snapshot
from samples.readings import recorded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

LOOKING = {"reason": "looking", "for": "2h"}
NIGHTS = {"days": ["MON", "FRI"], "start": "22:00", "end": "02:00", "time_zone": "America/Sao_Paulo"}


@pytest.fixture
async def world(tmp_path: Path, migrated_database_url: str) -> AsyncIterator[ActionsWorld]:
    async with opened_store(migrated_database_url) as stores:
        world = ActionsWorld(tmp_path)
        world.clock = SystemClock()  # type: ignore[assignment] # nobody moves it by hand here
        world.stores = stores
        yield world


@pytest.fixture
async def replicas(world: ActionsWorld) -> AsyncIterator[list[httpx.AsyncClient]]:
    async with world.client() as one, world.client() as other:
        yield [one, other]


async def both(replicas: list[httpx.AsyncClient], path: str, body: dict[str, object]) -> list[httpx.Response]:
    """Let ana and rui do the same at once, each at a replica of the API."""
    people = zip(replicas, ("ana", "rui"), strict=True)
    return await asyncio.gather(*(post(client, path, body, actor) for client, actor in people))


@pytest.mark.parametrize("sequence", [{"sequence": 1}, {}], ids=["seen", "unseen"])
async def test_only_one_of_two_concurrent_acknowledgements_succeeds(
    world: ActionsWorld, replicas: list[httpx.AsyncClient], sequence: dict[str, object]
) -> None:
    alert = await world.alert()

    answers = await both(replicas, f"{ALERTS}/{alert.alert_id}/acknowledgement", LOOKING | sequence)

    detail = (await get(replicas[0], f"{ALERTS}/{alert.alert_id}")).json()
    audit = (await get(replicas[0], AUDIT)).json()["entries"]
    winner = next(actor for actor, answer in zip(("ana", "rui"), answers, strict=True) if answer.status_code == 200)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert [one["transition"] for one in detail["transitions"]] == ["OPENED", "ACKNOWLEDGED"]
    assert detail["acknowledgement"]["actor"] == winner
    assert [one["actor"] for one in audit] == [winner]


async def test_an_action_waits_for_a_running_recording(world: ActionsWorld, replicas: list[httpx.AsyncClient]) -> None:
    alert = await world.alert()
    path = f"{ALERTS}/{alert.alert_id}/acknowledgement"
    now = world.clock.now()

    _, answer = await asyncio.gather(
        recorded(world.stores, snapshot(bucket(50), at=now + FIVE_MINUTES)), post(replicas[0], path, LOOKING)
    )

    detail = (await get(replicas[0], f"{ALERTS}/{alert.alert_id}")).json()
    assert answer.status_code == 200
    assert [one["sequence"] for one in detail["transitions"]] == [1, 2, 3]
    assert {one["transition"] for one in detail["transitions"]} == {"OPENED", "ESCALATED", "ACKNOWLEDGED"}


async def test_only_one_of_two_concurrent_ends_succeeds(replicas: list[httpx.AsyncClient]) -> None:
    silence = (await post(replicas[0], SILENCES, LOOKING)).json()

    answers = await both(replicas, f"{SILENCES}/{silence['silence_id']}/end", {"reason": "done"})

    audit = (await get(replicas[0], AUDIT)).json()["entries"]
    assert sorted(answer.status_code for answer in answers) == [200, 404]
    assert [one["act"] for one in audit] == ["SILENCE_ENDED", "SILENCE_CREATED"]


async def test_a_recurring_silence_survives_a_round_trip(replicas: list[httpx.AsyncClient]) -> None:
    made = await post(replicas[0], SILENCES, LOOKING | {"recurrence": NIGHTS, "purpose": "MAINTENANCE"})

    found = (await get(replicas[1], made.headers["Location"])).json()

    assert found | {"active": None} == made.json() | {"active": None}
    assert found["recurrence"] == NIGHTS


async def test_a_policy_is_explained_from_the_database(world: ActionsWorld, replicas: list[httpx.AsyncClient]) -> None:
    await world.alert()
    silence = (await post(replicas[0], SILENCES, LOOKING)).json()
    await world.send_notifications(channel(), within=HOUR)

    found = (await get(replicas[1], f"{ROOT}/explain/CLAIMS_READ")).json()

    (alert,) = found["alerts"]
    assert (found["available_tokens"], found["alert_level"], found["clears_above_tokens"]) == (200, "WARNING", 270)
    assert alert["silenced_by"] == [silence["silence_id"]]
    assert [one["status"] for one in alert["last_deliveries"]] == ["SUPPRESSED"]


async def test_a_test_alert_is_delivered_through_the_database(
    world: ActionsWorld, replicas: list[httpx.AsyncClient]
) -> None:
    address = (await post(replicas[0], DRILLS, {"reason": "weekly test"})).headers["Location"]
    await world.send_notifications(channel(), within=HOUR)

    drill = (await get(replicas[1], address)).json()

    assert (drill["participant"], drill["published"], drill["routed"], drill["good"]) == (
        PARTICIPANT,
        False,
        True,
        False,
    )
    assert [(one["channel"], one["status"]) for one in drill["notifications"]] == [("ops", "DELIVERED")] * 2


async def test_times_from_the_database_are_in_utc(world: ActionsWorld, replicas: list[httpx.AsyncClient]) -> None:
    await post(replicas[0], SILENCES, LOOKING)
    await world.alert()

    answers = [(await get(replicas[0], path)).json() for path in (SILENCES, ALERTS, AUDIT)]

    moments = [
        answers[0]["silences"][0]["ends_at"],
        answers[1]["alerts"][0]["opened_at"],
        answers[2]["entries"][0]["at"],
    ]
    assert all(moment.endswith("Z") for moment in moments)
