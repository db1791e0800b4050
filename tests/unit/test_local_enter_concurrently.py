from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.apps.local.local_stack import enter_concurrently

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Journal:
    def __init__(self) -> None:
        self.lines: list[str] = []

    @asynccontextmanager
    async def part(self, name: str, meeting: asyncio.Barrier | None = None) -> AsyncIterator[str]:
        """Enter only once all others enter."""
        try:
            if meeting is not None:
                await meeting.wait()
            self.lines.append(f"{name} up")
            yield name
        finally:
            if meeting is not None:
                await meeting.wait()
            self.lines.append(f"{name} down")


class Broken(AbstractAsyncContextManager[str]):
    async def __aenter__(self) -> str:
        await asyncio.sleep(0)
        message = "broken"
        raise LookupError(message)

    async def __aexit__(self, *_: object) -> None:
        pass


async def test_all_contexts_enter_and_exit_concurrently() -> None:
    journal = Journal()
    meeting = asyncio.Barrier(2)

    async with (
        asyncio.timeout(5),
        enter_concurrently([journal.part("a", meeting), journal.part("b", meeting)]) as values,
    ):
        journal.lines.append("block")

    assert values == ("a", "b")
    assert set(journal.lines[:2]) == {"a up", "b up"}
    assert journal.lines[2] == "block"
    assert set(journal.lines[3:]) == {"a down", "b down"}


async def test_no_contexts_are_allowed() -> None:
    async with enter_concurrently([]) as values:
        pass

    assert values == ()


async def test_a_failing_context_exits_the_others_and_raises_its_error() -> None:
    journal = Journal()

    with pytest.raises(LookupError, match="broken"):
        async with enter_concurrently([journal.part("a"), Broken()]):
            journal.lines.append("block")

    assert journal.lines == ["a up", "a down"]


async def test_an_entering_context_is_cancelled_when_another_fails() -> None:
    journal = Journal()

    with pytest.raises(LookupError, match="broken"):
        async with enter_concurrently([waits_for_ever(journal), Broken()]):
            pass

    assert journal.lines == ["stopped"]


@asynccontextmanager
async def waits_for_ever(journal: Journal) -> AsyncIterator[str]:
    try:
        await asyncio.Event().wait()
        yield ""
    finally:
        journal.lines.append("stopped")


async def test_an_error_in_the_block_exits_all_contexts() -> None:
    journal = Journal()

    with pytest.raises(ZeroDivisionError):
        async with enter_concurrently([journal.part("a")]):
            raise ZeroDivisionError

    assert journal.lines == ["a up", "a down"]
