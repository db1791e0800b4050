"""Entering and leaving several contexts at once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from contextlib import AbstractAsyncContextManager


@asynccontextmanager
async def enter_concurrently(contexts: Sequence[AbstractAsyncContextManager[str]]) -> AsyncIterator[tuple[str, ...]]:
    """Enter all at once and leave all at once; gives their values in order.

    They must not mind being left by another task than the one that entered. If one cannot be entered, the others are
    left and its error is raised; of several errors the first.
    """
    entered: list[AbstractAsyncContextManager[str]] = []

    async def enter(context: AbstractAsyncContextManager[str]) -> str:
        value = await context.__aenter__()
        entered.append(context)
        return value

    try:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(enter(context)) for context in contexts]
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        yield tuple(task.result() for task in tasks)
    finally:
        await asyncio.gather(*(context.__aexit__(None, None, None) for context in entered))
