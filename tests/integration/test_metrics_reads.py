"""Readings the API answered with, by where they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from api.world import World
from dict_rate_limit.domain.errors import Outcome, SourceError
from samples.domain import PARTICIPANT
from samples.readings import OTHER, TTL

if TYPE_CHECKING:
    from collections.abc import Sequence

LIST = "/api/v1/rate-limit/policies"


@pytest.fixture
def world() -> World:
    return World()


async def asked(world: World, *paths: str, method: str = "GET") -> None:
    async with world.client() as client:
        for path in paths:
            await client.request(method, path)


def reads(world: World) -> dict[str, float]:
    families = [family for family in world.traffic.collect() if family.name == "dict_rate_limit_cache_reads"]
    return {sample.labels["result"]: sample.value for family in families for sample in family.samples}


async def test_an_unused_api_exports_zeros(world: World) -> None:
    assert reads(world) == {"HIT": 0, "MISS": 0, "STALE": 0}


async def test_a_list_is_a_miss_once_and_then_a_hit(world: World) -> None:
    await asked(world, LIST, LIST, LIST)

    assert reads(world) == {"HIT": 2, "MISS": 1, "STALE": 0}


async def test_a_reading_older_than_the_cache_ttl_counts_as_stale(world: World) -> None:
    async with world.client() as client:
        await client.get(LIST)
        world.source.error = SourceError(Outcome.UNAVAILABLE, "away")
        world.clock.advance(TTL.total_seconds() + 1)
        await client.get(LIST)  # by the long way
        await client.get(LIST)  # from memory

    assert reads(world) == {"HIT": 0, "MISS": 1, "STALE": 2}


@pytest.mark.parametrize("paths", [[f"{LIST}/CLAIMS_READ"], ["/"]], ids=["policy", "page"])
async def test_every_response_with_a_reading_counts(world: World, paths: Sequence[str]) -> None:
    await asked(world, LIST, *paths)

    assert reads(world) == {"HIT": 1, "MISS": 1, "STALE": 0}


async def test_responses_without_a_reading_do_not_count(world: World) -> None:
    world.source.error = SourceError(Outcome.UNAVAILABLE, "away")

    await asked(world, LIST, f"{LIST}/CLAIMS_READ", "/", f"{LIST}?participant=nobody", "/health", "/nothing")

    assert reads(world) == {"HIT": 0, "MISS": 0, "STALE": 0}


async def test_readings_of_all_participants_count_together(world: World) -> None:
    await asked(world, f"{LIST}?participant={PARTICIPANT}", f"{LIST}?participant={OTHER}")

    assert reads(world)["MISS"] == 2
