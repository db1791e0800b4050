"""Calls between the client library's threads and an event loop. A callback that raises would end the process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Run a blocking call in a new daemon thread and await it.

    A cancelled caller leaves the call running. Neither the loop nor the process waits for it at the end.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 -- raised again in the awaiting task
            post_to_loop(loop, _settle, future, future.set_exception, error)
        else:
            post_to_loop(loop, _settle, future, future.set_result, result)

    run_detached(run)
    return await future


def run_detached(work: Callable[[], None]) -> None:
    """Run a call in a new daemon thread without waiting for it."""
    threading.Thread(target=work, name="pulsar", daemon=True).start()


def post_to_loop(loop: asyncio.AbstractEventLoop, call: Callable[..., object], *arguments: object) -> None:
    """Call a function on the loop, from any thread. Does nothing when the loop is closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call, *arguments)


def _settle(future: asyncio.Future[T], settle: Callable[[object], None], value: object) -> None:
    if not future.done():
        settle(value)
