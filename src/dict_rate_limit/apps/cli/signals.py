"""Work that clears up after itself when it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def run_interruptible(work: Coroutine[None, None, T]) -> T:
    """Run to the end. SIGTERM, by which a cluster stops a Job, counts as Ctrl-C: what was begun is undone.

    Raises:
        KeyboardInterrupt: it was told to stop.
    """
    try:
        return asyncio.run(_guarded(work))
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error


async def _guarded(work: Coroutine[None, None, T]) -> T:
    task = asyncio.create_task(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
