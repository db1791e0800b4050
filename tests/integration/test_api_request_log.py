"""Which requests have a line in the log, and its fields."""

from __future__ import annotations

import logging

import pytest

from api.world import World
from dict_rate_limit.apps.api import request_metrics

LIST = "/api/v1/rate-limit/policies"


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> World:
    caplog.set_level(logging.INFO, logger=request_metrics.__name__)
    return World()


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    names = ("method", "route", "path", "status", "actor")
    lines = [record for record in caplog.records if record.getMessage() == "request.answered"]
    return [{name: getattr(line, name) for name in names if hasattr(line, name)} for line in lines]


async def test_an_ordinary_read_is_not_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async with world.client() as client:
        for path in (LIST, LIST, "/", "/nowhere"):
            await client.get(path)

    assert told(caplog) == []


async def test_a_write_is_logged_with_its_caller(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async with world.client() as client:
        await client.post("/api/v1/rate-limit/silences", json={})

    assert told(caplog) == [
        {
            "method": "POST",
            "route": "silences",
            "path": "/api/v1/rate-limit/silences",
            "status": 403,
            "actor": "anonymous",
        }
    ]


async def test_a_slow_read_is_logged(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_metrics, "SLOW_SECONDS", 0.0)

    async with world.client() as client:
        await client.get("/schema")

    assert [line["route"] for line in told(caplog)] == ["schema"]


async def test_a_failed_read_is_logged_as_an_error(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dict_rate_limit.apps.api.policies.Filters", None)

    async with world.client() as client:
        await client.get(LIST)

    assert [line["status"] for line in told(caplog)] == [500]
    assert "request.broke" in caplog.text


async def test_every_request_is_logged_with_the_setting(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.access_log = True

    async with world.client() as client:
        await client.get(LIST)
        await client.get(LIST)

    assert [(line["route"], line["status"]) for line in told(caplog)] == [("policies", 200), ("policies", 200)]
