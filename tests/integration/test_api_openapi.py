"""What the OpenAPI document says of acting is what the API does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from api.actions_world import ALERTS, DRILLS, ROOT, SILENCES, ActionsWorld, get, post
from dict_rate_limit.apps.api.app import api_schema
from dict_rate_limit.domain.notifications.channel import ChannelType
from samples.alerts import HOUR, channel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx


@pytest.fixture
def world(tmp_path: Path) -> ActionsWorld:
    return ActionsWorld(tmp_path)


@pytest.fixture
async def client(world: ActionsWorld) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client() as client:
        yield client


async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((await get(client, "/schema")).content)
    return parsed


def example(described: dict[str, Any], method: str, path: str, status: str) -> dict[str, Any]:
    content = described["paths"][path][method]["responses"][status]["content"]["application/json"]
    value: dict[str, Any] = content["examples"]["answer"]["value"]
    return value


def body(described: dict[str, Any], path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return schema and example of what a path takes."""
    content = described["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    return content["schema"], content["examples"]["body"]["value"]


def shape(value: object) -> object:
    """Keep names, drop values; an empty list or null fits everything."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else None


def fits(real: object, shown: object) -> bool:
    if isinstance(real, dict) and isinstance(shown, dict):
        return real.keys() == shown.keys() and all(fits(real[name], shown[name]) for name in real)
    if isinstance(real, list) and isinstance(shown, list):
        return fits(real[0], shown[0])
    return True


def read_paths() -> list[str]:
    """Return every path that can be read, except the policies: a test of their own compares them."""
    paths = json.loads(api_schema("0"))["paths"]
    return [path for path, item in paths.items() if "get" in item and not path.startswith(f"{ROOT}/policies")]


@pytest.mark.parametrize("path", read_paths())
async def test_responses_and_examples_match_the_document(
    world: ActionsWorld, client: httpx.AsyncClient, path: str
) -> None:
    alert = await world.alert()
    await post(client, f"{ALERTS}/{alert.alert_id}/acknowledgement", {"reason": "x", "for": "1h"})
    silence = (await post(client, SILENCES, {"reason": "x", "for": "1h", "severity": "CRITICAL"})).json()["silence_id"]
    drill = (await post(client, DRILLS, {"reason": "x"})).json()["alert_id"]
    await world.send_notifications(channel("hook", format=ChannelType.WEBHOOK), within=HOUR)

    alert_id = drill if path.startswith(DRILLS) else alert.alert_id
    real = await get(client, path.format(alert_id=alert_id, silence_id=silence, policy="CLAIMS_READ"))

    described = await document(client)
    schema = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": described["components"]})
    shown = example(described, "get", path, "200")
    assert real.status_code == 200
    assert fits(shape(real.json()), shape(shown))
    assert [error.message for one in (real.json(), shown) for error in validator.iter_errors(one)] == []


@pytest.mark.parametrize(
    "path",
    [f"{ALERTS}/{{alert_id}}/acknowledgement", SILENCES, f"{SILENCES}/{{silence_id}}/end", DRILLS],
)
async def test_example_bodies_match_their_schema(client: httpx.AsyncClient, path: str) -> None:
    described = await document(client)
    reference, value = body(described, path)
    schemas = described["components"]["schemas"]
    validator = Draft202012Validator({**reference, "components": {"schemas": schemas}})

    assert validator.is_valid(value)
    assert not validator.is_valid(value | {"actor": "somebody else"})


async def test_example_bodies_are_accepted(world: ActionsWorld, client: httpx.AsyncClient) -> None:
    described = await document(client)
    alert = await world.alert()
    _, acknowledgement = body(described, f"{ALERTS}/{{alert_id}}/acknowledgement")
    _, silence = body(described, SILENCES)
    _, end = body(described, f"{SILENCES}/{{silence_id}}/end")
    _, drill = body(described, DRILLS)

    made = await post(client, SILENCES, silence)
    answers = [
        await post(client, f"{ALERTS}/{alert.alert_id}/acknowledgement", acknowledgement | {"sequence": 1}),
        await post(client, f"{made.headers['Location']}/end", end),
        await post(client, DRILLS, drill),
    ]

    assert [made.status_code, *(answer.status_code for answer in answers)] == [201, 200, 200, 202]


async def test_created_resources_have_their_path_in_the_document(client: httpx.AsyncClient) -> None:
    paths = (await document(client))["paths"]

    assert "Location" in paths[SILENCES]["post"]["responses"]["201"]["headers"]
    assert "Location" in paths[DRILLS]["post"]["responses"]["202"]["headers"]


async def test_the_document_has_the_parameters_of_the_write_api(client: httpx.AsyncClient) -> None:
    paths = (await document(client))["paths"]

    taken = {
        (method, path.removeprefix(ROOT)): [parameter["name"] for parameter in operation.get("parameters", ())]
        for path, item in paths.items()
        for method, operation in item.items()
        if not path.startswith(f"{ROOT}/policies")
    }
    # A new path does not belong here: the test of its behaviour sends its parameters.
    known = {
        ("get", "/alerts"): ["participant", "state", "limit"],
        ("get", "/alerts/{alert_id}"): ["alert_id"],
        ("post", "/alerts/{alert_id}/acknowledgement"): ["alert_id"],
        ("get", "/silences"): ["ended", "limit"],
        ("post", "/silences"): [],
        ("get", "/silences/{silence_id}"): ["silence_id"],
        ("post", "/silences/{silence_id}/end"): ["silence_id"],
        ("get", "/explain/{policy}"): ["policy", "participant"],
        ("post", "/drills"): [],
        ("get", "/drills/{alert_id}"): ["alert_id"],
        ("get", "/audit"): ["limit"],
    }
    assert {operation: taken.get(operation) for operation in known} == known
