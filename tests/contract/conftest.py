from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from store_harness import Harness, memory_harness, postgres_harness

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(params=["memory", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str | None:
    """URL of a migrated database, None for memory."""
    if request.param == "memory":
        return None
    url: str = request.getfixturevalue("migrated_database_url")
    return url


@pytest.fixture
async def harness(store_url: str | None) -> AsyncIterator[Harness]:
    """Each store, empty."""
    if store_url is None:
        yield memory_harness()
        return
    async with postgres_harness(store_url) as opened:
        yield opened
