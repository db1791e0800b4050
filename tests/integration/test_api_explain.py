"""Explanations and test alerts over REST."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from api.actions_world import ALERTS, DRILLS, ROOT, SILENCES, ActionsWorld, get, post, problem
from dict_rate_limit.adapters.memory.publisher import MemoryPublisher
from dict_rate_limit.domain.notifications.channel import ChannelType
from dict_rate_limit.usecases.deliver import deliver_all
from samples.alerts import HOUR, channel
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, bucket, snapshot
from samples.readings import OTHER, recorded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

EXPLAIN = f"{ROOT}/explain"
UNKNOWN_ID = UUID(int=0)
WEEKLY = {"reason": "weekly test"}


@pytest.fixture
def world(tmp_path: Path) -> ActionsWorld:
    return ActionsWorld(tmp_path)


@pytest.fixture
async def client(world: ActionsWorld) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client() as client:
        yield client


async def test_a_policy_is_explained(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    alert = await world.alert()
    await recorded(world.stores, snapshot(bucket(260), at=NOON + FIVE_MINUTES))
    silence = (await post(client, SILENCES, {"reason": "a release", "for": "1h", "policy": "CLAIMS_*"})).json()
    await world.send_notifications(channel("hook", format=ChannelType.WEBHOOK), within=HOUR)

    found = (await get(client, f"{EXPLAIN}/CLAIMS_READ")).json()

    assert found == {
        "participant": PARTICIPANT,
        "policy_name": "CLAIMS_READ",
        "now": "2026-11-23T12:00:00Z",
        "checked_at": "2026-11-23T12:05:00Z",
        "status": "OK",
        "alert_level": "WARNING",
        "exhausted": False,
        "enabled": True,
        "available_tokens": 260,
        "capacity_max": 1000,
        "utilization_pct": 74.0,
        "warning_threshold_pct": 25.0,
        "critical_threshold_pct": 10.0,
        "warns_at_tokens": 250,
        "clears_above_tokens": 270,
        "alerts": [
            {
                "alert_id": str(alert.alert_id),
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
                "silenced_by": [silence["silence_id"]],
                "next_reminder_at": "2026-11-23T13:00:00Z",
                "last_deliveries": [
                    {"channel": "hook", "transition": "OPENED", "status": "SUPPRESSED", "at": None, "text": None}
                ],
            }
        ],
        "silences": [silence],
    }


async def test_the_last_delivery_of_each_channel_is_returned(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    hook = channel("hook", format=ChannelType.WEBHOOK)
    await world.alert()
    await world.send_notifications(hook, within=HOUR)
    await recorded(world.stores, snapshot(bucket(50), at=NOON + FIVE_MINUTES))
    world.clock.advance(FIVE_MINUTES.total_seconds())
    await world.send_notifications(hook, channel("ops"), within=HOUR)

    (alert,) = (await get(client, f"{EXPLAIN}/CLAIMS_READ")).json()["alerts"]

    assert alert["last_deliveries"] == [
        {
            "channel": name,
            "transition": "ESCALATED",
            "status": "DELIVERED",
            "at": "2026-11-23T12:05:00Z",
            "text": "stored in memory",
        }
        for name in ("hook", "ops")
    ]


async def test_a_policy_of_another_participant_is_explained_from_its_reading(
    world: ActionsWorld, client: httpx.AsyncClient
) -> None:
    await world.alert()

    answer = await get(client, f"{EXPLAIN}/CLAIMS_READ?participant={OTHER}")

    assert problem(answer) == (404, "policy-not-found", None)


@pytest.mark.parametrize("name", ["claims_read", "A" * 101, "CLAIMS_READ/x", "%00", "*"])
async def test_an_invalid_policy_name_is_rejected(client: httpx.AsyncClient, name: str) -> None:
    assert problem(await get(client, f"{EXPLAIN}/{name}")) == (400, "invalid-parameter", "policy")


@pytest.mark.parametrize(("query", "parameter"), [("participant=x", "participant"), ("status=OK", "status")])
async def test_an_invalid_parameter_is_rejected(client: httpx.AsyncClient, query: str, parameter: str) -> None:
    assert problem(await get(client, f"{EXPLAIN}/CLAIMS_READ?{query}")) == (400, "invalid-parameter", parameter)


async def test_a_test_alert_is_accepted_and_has_a_location(client: httpx.AsyncClient) -> None:
    answer = await post(client, DRILLS, WEEKLY)

    drill = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"{DRILLS}/{drill['alert_id']}"
    assert (drill["participant"], drill["actor"], drill["reason"]) == (PARTICIPANT, "ana", "weekly test")
    assert (drill["published"], drill["routed"], drill["done"], drill["good"]) == (False, False, False, False)
    assert [one["transition"] for one in drill["transitions"]] == ["OPENED", "RESOLVED"]
    assert (await get(client, answer.headers["Location"])).json() == drill


async def test_the_delivery_of_a_test_alert_is_returned(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    address = (await post(client, DRILLS, WEEKLY)).headers["Location"]
    await deliver_all(world.stores.outbox, MemoryPublisher(), world.clock, batch=10, within=timedelta(seconds=10))
    await world.send_notifications(
        channel("hook", format=ChannelType.WEBHOOK), channel("ops", group_wait=HOUR), within=HOUR
    )

    drill = (await get(client, address)).json()

    assert (drill["published"], drill["routed"], drill["done"], drill["good"]) == (True, True, True, True)
    assert [
        (one["transition"], one["channel"], one["status"], len(one["attempts"])) for one in drill["notifications"]
    ] == [
        ("OPENED", "hook", "DELIVERED", 1),
        ("OPENED", "ops", "DELIVERED", 1),
        ("RESOLVED", "hook", "DELIVERED", 1),
        ("RESOLVED", "ops", "DELIVERED", 1),
    ]


async def test_a_test_alert_belongs_to_the_requested_participant(client: httpx.AsyncClient) -> None:
    drill = (await post(client, DRILLS, WEEKLY | {"participant": OTHER})).json()

    listed = (await get(client, f"{ALERTS}?participant={OTHER}&state=all")).json()

    assert [(one["alert_id"], one["kind"], one["open"]) for one in listed["alerts"]] == [
        (drill["alert_id"], "DRILL", False)
    ]


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        (WEEKLY | {"participant": "00000000"}, "participant"),
        (WEEKLY | {"participant": 12345678}, "participant"),
        (WEEKLY | {"severity": "CRITICAL"}, "severity"),
    ],
)
async def test_an_invalid_test_alert_is_rejected(
    client: httpx.AsyncClient, body: dict[str, object], parameter: str
) -> None:
    assert problem(await post(client, DRILLS, body)) == (400, "invalid-parameter", parameter)


async def test_an_ordinary_alert_is_404(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    alert = await world.alert()

    answers = [await get(client, f"{DRILLS}/{alert_id}") for alert_id in (alert.alert_id, UNKNOWN_ID)]

    assert {problem(answer) for answer in answers} == {(404, "drill-not-found", None)}


async def test_an_invalid_test_alert_id_is_rejected(client: httpx.AsyncClient) -> None:
    assert problem(await get(client, f"{DRILLS}/last")) == (400, "invalid-parameter", "alert_id")
