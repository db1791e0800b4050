"""Silences and maintenance windows over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from api.actions_world import AUDIT, SILENCES, ActionsWorld, get, post, problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

UNKNOWN_ID = UUID(int=0)
HOUR = {"reason": "a release", "for": "1h"}
NIGHTS = {"days": ["MON", "FRI"], "start": "22:00", "end": "02:00", "time_zone": "America/Sao_Paulo"}


@pytest.fixture
def world(tmp_path: Path) -> ActionsWorld:
    return ActionsWorld(tmp_path)


@pytest.fixture
async def client(world: ActionsWorld) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client() as client:
        yield client


async def made(client: httpx.AsyncClient, **body: object) -> dict[str, Any]:
    answer = await post(client, SILENCES, HOUR | body)
    assert answer.status_code == 201, answer.text
    silence: dict[str, Any] = answer.json()
    return silence


async def test_a_silence_has_the_name_of_the_token(client: httpx.AsyncClient) -> None:
    silence = await made(client, policy="CLAIMS_*", severity="WARNING")

    assert silence == {
        "silence_id": silence["silence_id"],
        "purpose": "SILENCE",
        "policy": "CLAIMS_*",
        "kind": "*",
        "severity": "WARNING",
        "participant": "*",
        "starts_at": "2026-11-23T12:00:00Z",
        "ends_at": "2026-11-23T13:00:00Z",
        "recurrence": None,
        "reason": "a release",
        "actor": "ana",
        "created_at": "2026-11-23T12:00:00Z",
        "ended_at": None,
        "ended_by": None,
        "active": True,
    }


async def test_a_new_silence_is_found_at_its_location(client: httpx.AsyncClient) -> None:
    answer = await post(client, SILENCES, HOUR)

    at_location = await get(client, answer.headers["Location"])

    assert answer.headers["Location"] == f"{SILENCES}/{answer.json()['silence_id']}"
    assert at_location.json() == answer.json()


async def test_a_maintenance_window_recurs_in_its_time_zone(client: httpx.AsyncClient) -> None:
    body = {"reason": "batch", "purpose": "MAINTENANCE", "ends_at": "2026-12-31T00:00:00-03:00", "recurrence": NIGHTS}

    answer = await post(client, SILENCES, body)

    silence = answer.json()
    assert (silence["purpose"], silence["recurrence"], silence["active"]) == ("MAINTENANCE", NIGHTS, False)
    assert silence["ends_at"] == "2026-12-31T03:00:00Z"


async def test_a_duration_counts_from_the_start(client: httpx.AsyncClient) -> None:
    silence = await made(client, starts_at="2026-11-24T08:00:00Z")

    assert (silence["ends_at"], silence["active"]) == ("2026-11-24T09:00:00Z", False)


async def test_an_unmonitored_participant_can_be_silenced(client: httpx.AsyncClient) -> None:
    assert (await made(client, participant="9999*"))["participant"] == "9999*"


async def test_active_and_future_silences_are_listed_by_their_end(client: httpx.AsyncClient) -> None:
    last = await made(client, **{"for": "48h"})
    first = await made(client)
    over = await made(client)
    await post(client, f"{SILENCES}/{over['silence_id']}/end", {"reason": "done"})

    listed = (await get(client, SILENCES)).json()
    ended = (await get(client, f"{SILENCES}?ended=true")).json()

    assert listed == {"silences": [first, last], "total": 2}
    assert [one["silence_id"] for one in ended["silences"]] == [over["silence_id"]]
    assert (await get(client, f"{SILENCES}?ended=false")).json() == listed


async def test_the_end_of_a_silence_has_the_name_of_the_token(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    silence = await made(client)
    world.clock.advance(60)

    answer = await post(client, f"{SILENCES}/{silence['silence_id']}/end", {"reason": "done"}, "rui")

    assert answer.status_code == 200
    assert answer.json() == silence | {"ended_at": "2026-11-23T12:01:00Z", "ended_by": "rui", "active": False}
    assert (await get(client, f"{SILENCES}/{silence['silence_id']}")).json() == answer.json()


async def test_a_silence_is_ended_once(client: httpx.AsyncClient) -> None:
    silence = await made(client)
    path = f"{SILENCES}/{silence['silence_id']}/end"

    answers = [await post(client, path, {"reason": "done"}, actor) for actor in ("ana", "rui")]

    assert answers[0].status_code == 200
    assert problem(answers[1]) == (404, "silence-not-found", None)


async def test_creation_and_end_appear_in_the_audit(client: httpx.AsyncClient) -> None:
    silence = await made(client, kind="THRESHOLD")
    await post(client, f"{SILENCES}/{silence['silence_id']}/end", {"reason": "done"}, "rui")

    entries = (await get(client, AUDIT)).json()["entries"]

    assert [(one["actor"], one["act"], one["detail"], one["reason"]) for one in entries] == [
        ("rui", "SILENCE_ENDED", "ended by hand", "done"),
        ("ana", "SILENCE_CREATED", "SILENCE kind=THRESHOLD until 2026-11-23T13:00:00Z", "a release"),
    ]
    assert {one["subject_id"] for one in entries} == {silence["silence_id"]}


async def test_an_unknown_silence_is_404(client: httpx.AsyncClient) -> None:
    answers = [
        await get(client, f"{SILENCES}/{UNKNOWN_ID}"),
        await post(client, f"{SILENCES}/{UNKNOWN_ID}/end", {"reason": "done"}),
    ]

    assert {problem(answer) for answer in answers} == {(404, "silence-not-found", None)}


async def test_an_invalid_silence_id_is_rejected(client: httpx.AsyncClient) -> None:
    answers = [await get(client, f"{SILENCES}/x"), await post(client, f"{SILENCES}/x/end", {"reason": "done"})]

    assert {problem(answer) for answer in answers} == {(400, "invalid-parameter", "silence_id")}


async def test_the_limit_of_the_list_is_respected(client: httpx.AsyncClient) -> None:
    await made(client, **{"for": "48h"})
    next_to_end = await made(client)

    listed = (await get(client, f"{SILENCES}?limit=1")).json()

    assert listed == {"silences": [next_to_end], "total": 1}


@pytest.mark.parametrize(
    ("query", "parameter"), [("ended=yes", "ended"), ("limit=0", "limit"), ("limit=1001", "limit")]
)
async def test_an_invalid_list_parameter_is_rejected(client: httpx.AsyncClient, query: str, parameter: str) -> None:
    assert problem(await get(client, f"{SILENCES}?{query}")) == (400, "invalid-parameter", parameter)


@pytest.mark.parametrize(
    ("body", "parameter", "said"),
    [
        ({"for": None}, "ends_at", "expected exactly one of ends_at and for"),
        ({"ends_at": "2026-11-24T00:00:00Z"}, "ends_at", "expected exactly one of ends_at and for"),
        ({"for": None, "ends_at": "2026-11-23T11:00:00Z"}, "ends_at", "expected a time to come"),
        ({"for": None, "ends_at": "2027-11-25T12:00:00Z"}, "ends_at", "expected within 366 days"),
        ({"for": None, "ends_at": "2026-11-24"}, "ends_at", "expected an RFC 3339 time with a zone"),
        ({"starts_at": "2026-11-01T00:00:00Z"}, "ends_at", "expected a time to come"),
        ({"starts_at": "9999-12-31T23:30:00Z"}, "for", "expected a duration"),
        ({"starts_at": "2026-11-24T00:00:00"}, "starts_at", "expected an RFC 3339 time with a zone"),
        ({"for": "8785h"}, "for", "at most 8784h"),
        ({"policy": "[A-Z]*"}, "policy", "expected a glob of letters, digits, _, * and ?"),
        ({"policy": ""}, "policy", "expected a glob"),
        ({"policy": "A" * 101}, "policy", "expected a glob"),
        ({"policy": None}, "policy", "expected `str`, got `null`"),
        ({"kind": "TRESHOLD"}, "kind", "expected a glob that matches one of THRESHOLD"),
        ({"severity": "warning"}, "severity", "expected a glob that matches one of INFO, WARNING, CRITICAL"),
        ({"participant": "1234-5678"}, "participant", "expected a glob"),
        ({"purpose": "HOLIDAY"}, "purpose", "invalid enum value 'HOLIDAY': expected SILENCE, MAINTENANCE"),
        ({"recurrence": NIGHTS | {"time_zone": "Brazil/Nowhere"}}, "recurrence.time_zone", "expected an IANA name"),
        ({"recurrence": NIGHTS | {"time_zone": "../etc/passwd"}}, "recurrence.time_zone", "expected an IANA name"),
        ({"recurrence": NIGHTS | {"days": []}}, "recurrence.days", "expected a list of MON, TUE"),
        ({"recurrence": NIGHTS | {"days": ["MON", "MON"]}}, "recurrence.days", "expected MON to SUN, each once"),
        ({"recurrence": NIGHTS | {"days": ["MONDAY"]}}, "recurrence.days[0]", "expected a list of MON, TUE"),
        ({"recurrence": NIGHTS | {"start": "24:00"}}, "recurrence.start", "expected HH:MM"),
        ({"recurrence": NIGHTS | {"end": "09:00\n"}}, "recurrence.end", "expected HH:MM"),
        ({"recurrence": NIGHTS | {"start": "09:00+01:00"}}, "recurrence.start", "expected HH:MM"),
        ({"recurrence": {"days": ["MON"]}}, "recurrence.start", "missing: expected HH:MM"),
        ({"recurrence": NIGHTS | {"until": "x"}}, "recurrence.until", "unknown"),
        ({"recurrence": "nightly"}, "recurrence", "expected `object | null`, got `str`"),
        ({"reason": ""}, "reason", "expected 1 to 500 printable characters"),
        ({"actor": "somebody else"}, "actor", "unknown"),
    ],
)
async def test_an_invalid_silence_is_rejected_with_its_field(
    world: ActionsWorld, client: httpx.AsyncClient, body: dict[str, object], parameter: str, said: str
) -> None:
    answer = await post(client, SILENCES, HOUR | body)

    assert problem(answer) == (400, "invalid-parameter", parameter)
    assert answer.json()["detail"].startswith(f"{parameter}: ")
    assert said in answer.json()["detail"]
    assert await world.stores.silences.current(world.clock.now()) == []


@pytest.mark.parametrize("body", [{}, {"reason": " "}, {"reason": "x", "at": "now"}])
async def test_the_end_takes_only_a_reason(client: httpx.AsyncClient, body: dict[str, object]) -> None:
    silence = await made(client)

    answer = await post(client, f"{SILENCES}/{silence['silence_id']}/end", body)

    assert (answer.status_code, answer.json()["type"]) == (400, "invalid-parameter")
    assert (await get(client, f"{SILENCES}/{silence['silence_id']}")).json()["active"]
