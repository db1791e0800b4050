"""Who may act, with what kind of body, and what becomes of it while the database is away."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn
from uuid import UUID

import pytest

from api.actions_world import ALERTS, AUDIT, DRILLS, ROOT, SILENCES, ActionsWorld, get, post, problem
from dict_rate_limit.domain.access import Role
from dict_rate_limit.domain.errors import StoreUnavailableError
from samples.readings import FakeClock, absent_stores

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    import httpx

    from dict_rate_limit.ports.stores import Stores

UNKNOWN_ID = UUID(int=0)
READS = [
    ALERTS,
    f"{ALERTS}/{UNKNOWN_ID}",
    SILENCES,
    f"{SILENCES}/{UNKNOWN_ID}",
    f"{ROOT}/explain/X",
    f"{DRILLS}/{UNKNOWN_ID}",
    AUDIT,
]
WRITES = [f"{ALERTS}/{UNKNOWN_ID}/acknowledgement", SILENCES, f"{SILENCES}/{UNKNOWN_ID}/end", DRILLS]
REASON = {"reason": "x"}
HOUR = {"reason": "x", "for": "1h"}
BEARER = {"Authorization": "Bearer ana"}
JSON = {**BEARER, "Content-Type": "application/json"}


@pytest.fixture
def world(tmp_path: Path) -> ActionsWorld:
    return ActionsWorld(tmp_path)


@pytest.fixture
async def client(world: ActionsWorld) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client() as client:
        yield client


@pytest.mark.parametrize("path", WRITES)
async def test_a_write_without_a_token_is_401(client: httpx.AsyncClient, path: str) -> None:
    assert problem(await client.post(path, json=REASON)) == (401, "unauthorized", None)


@pytest.mark.parametrize("path", WRITES)
async def test_a_write_without_the_role_is_403(client: httpx.AsyncClient, path: str) -> None:
    assert problem(await post(client, path, REASON, "eva")) == (403, "forbidden", None)


@pytest.mark.parametrize("path", READS)
async def test_a_viewer_can_read_everything(client: httpx.AsyncClient, path: str) -> None:
    assert (await get(client, path)).status_code in {200, 404}


@pytest.mark.parametrize("path", READS)
async def test_a_read_without_a_token_is_401(client: httpx.AsyncClient, path: str) -> None:
    assert problem(await client.get(path)) == (401, "unauthorized", None)


async def test_a_header_cannot_set_the_actor(client: httpx.AsyncClient) -> None:
    claims = {"dict_rate_limit.caller": "boss", "X-Actor": "boss", "X-Forwarded-User": "boss"}

    answer = await client.post(SILENCES, json=HOUR, headers=BEARER | claims)

    assert answer.json()["actor"] == "ana"


async def test_with_anonymous_operators_the_actor_is_anonymous(world: ActionsWorld) -> None:
    world.anonymous = Role.OPERATOR
    async with world.client() as client:
        answer = await client.post(SILENCES, json=HOUR)

    assert answer.json()["actor"] == "anonymous"


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    "media_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp"],
)
async def test_a_body_that_a_foreign_page_can_send_is_rejected(
    client: httpx.AsyncClient, path: str, media_type: str | None
) -> None:
    headers = BEARER if media_type is None else {**BEARER, "Content-Type": media_type}

    answer = await client.post(path, content=json.dumps(HOUR), headers=headers)

    assert problem(answer) == (415, "unsupported-media-type", None)


async def test_json_may_name_its_charset(client: httpx.AsyncClient) -> None:
    headers = {**BEARER, "Content-Type": "application/json; charset=utf-8"}

    assert (await client.post(SILENCES, content=json.dumps(HOUR), headers=headers)).status_code == 201


@pytest.mark.parametrize("body", [b"", b"{", b'{"reason": "x"', b"nonsense", b'{"reason": "\xff"}', b'{"reason": NaN}'])
async def test_invalid_json_is_rejected(client: httpx.AsyncClient, body: bytes) -> None:
    assert problem(await client.post(SILENCES, content=body, headers=JSON)) == (400, "invalid-request", None)


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"7", b"[" * 8_000 + b"]" * 8_000])
async def test_json_that_is_no_object_is_rejected(client: httpx.AsyncClient, body: bytes) -> None:
    assert problem(await client.post(SILENCES, content=body, headers=JSON)) == (400, "invalid-request", None)


def padded(size: int) -> bytes:
    return json.dumps(HOUR).encode().ljust(size)


async def chunks(body: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


async def test_a_body_of_16_kib_is_accepted(client: httpx.AsyncClient) -> None:
    assert (await client.post(SILENCES, content=padded(16_384), headers=JSON)).status_code == 201


@pytest.mark.parametrize("path", WRITES)
async def test_a_larger_body_is_rejected(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, content=padded(16_385), headers=JSON)

    assert problem(answer) == (413, "body-too-large", None)


async def test_a_larger_body_without_a_content_length_is_rejected(client: httpx.AsyncClient) -> None:
    answer = await client.post(SILENCES, content=chunks(padded(20_000)), headers=JSON)

    assert problem(answer) == (413, "body-too-large", None)


class AbsentPart:
    """PostgreSQL that is away, for operator actions too."""

    async def _away(self, *_: object, **__: object) -> NoReturn:
        message = "no connection to 10.0.0.7"
        raise StoreUnavailableError(message)

    alert = alerts = silence = current = ended = add = end = newest = _away

    @asynccontextmanager
    async def unit_of_work(self, participant: str) -> AsyncIterator[NoReturn]:
        yield await self._away(participant)


def all_absent(clock: FakeClock) -> Stores:
    part = AbsentPart()
    return replace(absent_stores(clock), alerts=part, silences=part, audit=part)


@pytest.mark.parametrize("path", READS)
async def test_without_the_database_a_read_is_503(world: ActionsWorld, path: str) -> None:
    world.stores = all_absent(world.clock)
    async with world.client() as client:
        answer = await get(client, path)

    assert problem(answer) == (503, "store-unavailable", None)
    assert answer.headers["Retry-After"] == "5"
    assert "10.0.0.7" not in answer.text


@pytest.mark.parametrize(("path", "body"), list(zip(WRITES, [HOUR, HOUR, REASON, REASON], strict=True)))
async def test_without_the_database_a_write_is_503_and_repeatable(
    world: ActionsWorld, path: str, body: dict[str, str]
) -> None:
    world.stores = all_absent(world.clock)
    async with world.client() as client:
        answer = await post(client, path, body)

    assert problem(answer) == (503, "store-unavailable", None)


@pytest.mark.parametrize("path", [ALERTS, f"{ALERTS}/{UNKNOWN_ID}", f"{ALERTS}/{UNKNOWN_ID}/acknowledgement", AUDIT])
async def test_an_unsupported_method_is_405(client: httpx.AsyncClient, path: str) -> None:
    assert problem(await client.put(path, json=REASON, headers=BEARER)) == (405, "method-not-allowed", None)


async def test_responses_are_not_cached(client: httpx.AsyncClient) -> None:
    answer = await get(client, ALERTS)

    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("no-store", "Authorization")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_requests_are_counted_by_a_fixed_set_of_routes(world: ActionsWorld) -> None:
    async with world.client() as client:
        for path in (*READS, f"{ROOT}/explain/A/B", f"{ROOT}/other", f"{ROOT}/policies2"):
            await get(client, path)

    samples = [sample for family in world.traffic.collect() for sample in family.samples]
    counted = {sample.labels["route"] for sample in samples if "route" in sample.labels}
    assert counted == {"policies", "alerts", "silences", "explain", "drills", "audit", "other"}
