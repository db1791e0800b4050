"""Alerts over REST: reading and acknowledging."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from api.actions_world import ALERTS, AUDIT, ActionsWorld, get, post, problem
from dict_rate_limit.domain.notifications.channel import ChannelType
from samples.alerts import HOUR, channel
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, bucket, snapshot
from samples.readings import OTHER, recorded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

UNKNOWN_ID = UUID(int=0)
LOOKING = {"reason": "looking", "for": "2h"}


@pytest.fixture
def world(tmp_path: Path) -> ActionsWorld:
    return ActionsWorld(tmp_path)


@pytest.fixture
async def client(world: ActionsWorld) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client() as client:
        yield client


async def taking_up(client: httpx.AsyncClient, alert_id: object, actor: str = "ana", **body: object) -> httpx.Response:
    return await post(client, f"{ALERTS}/{alert_id}/acknowledgement", LOOKING | body, actor)


async def test_open_alerts_are_listed_last_opened_first(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    await recorded(
        world.stores,
        snapshot(bucket(200), bucket(1000, name="OTHER")),
        snapshot(bucket(200), bucket(50, name="OTHER"), at=NOON + FIVE_MINUTES),
    )

    answer = await get(client, ALERTS)

    listed = answer.json()
    assert (answer.status_code, listed["total"]) == (200, 2)
    assert [one["policy_name"] for one in listed["alerts"]] == ["OTHER", "CLAIMS_READ"]
    assert listed["alerts"][1] == {
        "alert_id": listed["alerts"][1]["alert_id"],
        "participant": PARTICIPANT,
        "policy_name": "CLAIMS_READ",
        "kind": "THRESHOLD",
        "severity": "WARNING",
        "exhausted": False,
        "open": True,
        "sequence": 1,
        "opened_at": "2026-11-23T12:00:00Z",
        "updated_at": "2026-11-23T12:00:00Z",
        "resolved_at": None,
        "acknowledgement": None,
    }


async def test_resolved_alerts_and_notices_are_listed_on_request(
    world: ActionsWorld, client: httpx.AsyncClient
) -> None:
    await recorded(world.stores, snapshot(bucket(200)), snapshot(bucket(1000), at=NOON + FIVE_MINUTES, category="D"))

    still_open = await get(client, f"{ALERTS}?state=open")
    everything = await get(client, f"{ALERTS}?state=all")

    assert still_open.json() == {"alerts": [], "total": 0}
    assert [(one["kind"], one["open"]) for one in everything.json()["alerts"]] == [
        ("CATEGORY_CHANGED", False),
        ("THRESHOLD", False),
    ]


async def test_alerts_are_those_of_all_participants_or_of_one(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    await world.alert()

    answers = [
        await get(client, f"{ALERTS}{query}") for query in ("", f"?participant={PARTICIPANT}", f"?participant={OTHER}")
    ]

    assert [answer.json()["total"] for answer in answers] == [1, 1, 0]


async def test_the_limit_of_the_list_is_respected(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    await recorded(world.stores, snapshot(bucket(200), bucket(200, name="OTHER")))

    assert (await get(client, f"{ALERTS}?limit=1")).json()["total"] == 1


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("state=closed", "state"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("limit=%D9%A3", "limit"),
        ("participant=00000000", "participant"),
        ("severity=CRITICAL", "severity"),
    ],
)
async def test_an_invalid_list_parameter_is_rejected(client: httpx.AsyncClient, query: str, parameter: str) -> None:
    assert problem(await get(client, f"{ALERTS}?{query}")) == (400, "invalid-parameter", parameter)


async def test_one_alert_has_its_transitions_and_notifications(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    alert = await world.alert()
    await world.send_notifications(
        channel("hook", format=ChannelType.WEBHOOK), channel("later", group_wait=HOUR), within=HOUR
    )

    detail = (await get(client, f"{ALERTS}/{alert.alert_id}")).json()

    (transition,) = detail["transitions"]
    assert detail["alert_id"] == str(alert.alert_id)
    assert (transition["transition"], transition["available_tokens"]) == ("OPENED", 200)
    assert (transition["published"], transition["dead"], transition["routed"]) == (False, False, True)
    assert transition["outlook"]["safe_tokens"] == 99
    assert [(one["channel"], one["status"], one["next_try_at"]) for one in detail["notifications"]] == [
        ("hook", "DELIVERED", None),
        ("later", "PENDING", "2026-11-23T13:00:00Z"),
    ]
    assert [(one["ok"], one["at"]) for one in detail["notifications"][0]["attempts"]] == [
        (True, "2026-11-23T12:00:00Z")
    ]


async def test_an_unknown_alert_is_404(client: httpx.AsyncClient) -> None:
    assert problem(await get(client, f"{ALERTS}/{UNKNOWN_ID}")) == (404, "alert-not-found", None)


@pytest.mark.parametrize("alert_id", ["7", "urn:uuid:" + str(UNKNOWN_ID), str(UNKNOWN_ID).replace("-", ""), "%00"])
async def test_an_invalid_alert_id_is_rejected(client: httpx.AsyncClient, alert_id: str) -> None:
    assert problem(await get(client, f"{ALERTS}/{alert_id}")) == (400, "invalid-parameter", "alert_id")


async def test_an_acknowledgement_has_the_name_of_the_token(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    alert = await world.alert()

    answer = await taking_up(client, alert.alert_id)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["sequence"] == 2
    assert answer.json()["acknowledgement"] == {
        "actor": "ana",
        "reason": "looking",
        "at": "2026-11-23T12:00:00Z",
        "until": "2026-11-23T14:00:00Z",
    }


async def test_an_acknowledgement_appears_in_the_audit(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    alert = await world.alert()
    await taking_up(client, alert.alert_id)

    audit = (await get(client, AUDIT)).json()

    assert audit == {
        "entries": [
            {
                "at": "2026-11-23T12:00:00Z",
                "actor": "ana",
                "act": "ALERT_ACKNOWLEDGED",
                "subject_id": str(alert.alert_id),
                "detail": "CLAIMS_READ THRESHOLD until 2026-11-23T14:00:00Z",
                "reason": "looking",
            }
        ],
        "total": 1,
    }


async def test_the_end_can_be_a_time(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    alert = await world.alert()
    body = {"reason": "looking", "until": "2026-11-23T12:00:00-03:00"}

    answer = await post(client, f"{ALERTS}/{alert.alert_id}/acknowledgement", body)

    assert answer.json()["acknowledgement"]["until"] == "2026-11-23T15:00:00Z"


async def test_an_outdated_sequence_is_a_conflict(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    alert = await world.alert()

    answers = [await taking_up(client, alert.alert_id, actor, sequence=1) for actor in ("ana", "rui")]

    assert answers[0].status_code == 200
    assert problem(answers[1]) == (409, "conflict", None)
    assert answers[1].json()["detail"] == "sequence: 1, expected 2: the alert has changed, read it again"


async def test_a_resolved_alert_cannot_be_acknowledged(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    alert = await world.alert()
    await recorded(world.stores, snapshot(bucket(1000), at=NOON + FIVE_MINUTES))

    answer = await taking_up(client, alert.alert_id)

    assert problem(answer) == (409, "conflict", None)
    assert "it was resolved at" in answer.json()["detail"]


async def test_an_unknown_alert_cannot_be_acknowledged(client: httpx.AsyncClient) -> None:
    assert problem(await taking_up(client, UNKNOWN_ID)) == (404, "alert-not-found", None)


@pytest.mark.parametrize(
    ("body", "parameter", "said"),
    [
        ({"reason": "x"}, "until", "expected exactly one of until and for"),
        ({"reason": "x", "for": "1h", "until": "2026-11-23T13:00:00Z"}, "until", "expected exactly one of"),
        ({"reason": "x", "for": "1d"}, "for", "'1d', expected a duration such as 2h or 1h30m, at most 720h"),
        ({"reason": "x", "for": "721h"}, "for", "at most 720h"),
        ({"reason": "x", "for": "0s"}, "for", "expected a duration"),
        ({"reason": "x", "for": "999999999h" * 9}, "for", "expected a duration"),
        ({"reason": "x", "for": 7200}, "for", "expected `str | null`, got `int`: expected a duration such as 2h"),
        ({"reason": "x", "until": "2026-11-23T12:00:00Z"}, "until", "expected a time to come"),
        ({"reason": "x", "until": "2026-12-24T12:00:00Z"}, "until", "expected within 30 days"),
        ({"reason": "x", "until": "9999-12-31T23:59:59Z"}, "until", "expected within 30 days"),
        ({"reason": "x", "until": "2026-11-23T13:00:00"}, "until", "expected an RFC 3339 time with a zone"),
        ({"reason": "x", "until": "tomorrow"}, "until", "expected an RFC 3339 time with a zone"),
        ({"for": "1h"}, "reason", "missing: expected the reason, as text"),
        ({"reason": " ", "for": "1h"}, "reason", "expected 1 to 500 printable characters"),
        ({"reason": "two\nlines", "for": "1h"}, "reason", "expected 1 to 500 printable characters"),
        ({"reason": "x" * 501, "for": "1h"}, "reason", "expected 1 to 500 printable characters"),
        ({"reason": 1, "for": "1h"}, "reason", "expected `str`, got `int`: expected the reason, as text"),
        ({"reason": "x", "for": "1h", "sequence": 0}, "sequence", "expected a whole number from 1"),
        ({"reason": "x", "for": "1h", "sequence": "1"}, "sequence", "expected a whole number from 1"),
        ({"reason": "x", "for": "1h", "sequence": 2**40}, "sequence", "expected a whole number from 1"),
        ({"reason": "x", "for": "1h", "actor": "somebody else"}, "actor", "unknown"),
        ({"reason": "x", "for": "1h", "missing": 1}, "missing", "unknown"),
    ],
)
async def test_an_unknown_field_is_rejected_by_name(
    world: ActionsWorld, client: httpx.AsyncClient, body: dict[str, object], parameter: str, said: str
) -> None:
    alert = await world.alert()

    answer = await post(client, f"{ALERTS}/{alert.alert_id}/acknowledgement", body)

    assert problem(answer) == (400, "invalid-parameter", parameter)
    assert answer.json()["detail"].startswith(f"{parameter}: ")
    assert said in answer.json()["detail"]
    assert (await world.stores.audit.newest(10)) == []


async def test_a_write_takes_no_query_parameters(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    alert = await world.alert()

    answer = await post(client, f"{ALERTS}/{alert.alert_id}/acknowledgement?force=1", LOOKING)

    assert problem(answer) == (400, "invalid-parameter", "force")
    assert answer.json()["detail"] == "force: unknown, expected none"


async def test_the_audit_is_listed_newest_first(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    alert = await world.alert()
    await taking_up(client, alert.alert_id)
    world.clock.advance(timedelta(minutes=1).total_seconds())
    await taking_up(client, alert.alert_id, "rui", sequence=2)

    everything = (await get(client, AUDIT)).json()["entries"]
    last = (await get(client, f"{AUDIT}?limit=1")).json()["entries"]

    assert [one["actor"] for one in everything] == ["rui", "ana"]
    assert last == everything[:1]
