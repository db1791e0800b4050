"""Runs work that cleans up after SIGTERM and Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


def run_interruptible(work: Coroutine[None, None, T]) -> T:
    """Run to the end. SIGTERM cancels the work as Ctrl-C does, so that it cleans up.

    Raises:
        KeyboardInterrupt: the work was cancelled.
    """
    try:
        return asyncio.run(_guarded(work))
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error


async def _guarded(work: Coroutine[None, None, T]) -> T:
    task = asyncio.create_task(work)
    # Kubernetes stops a Job with SIGTERM.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
