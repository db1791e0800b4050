"""Between the client library's threads and an event loop. The library ends the process when a callback raises."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Do what blocks in a thread of its own; neither the loop's end nor the process's waits for it.

    Whoever is cancelled here leaves the work to itself.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 -- it is raised where the work was asked for
            post_to_loop(loop, _settle, future, future.set_exception, error)
        else:
            post_to_loop(loop, _settle, future, future.set_result, result)

    run_detached(run)
    return await future


def run_detached(work: Callable[[], None]) -> None:
    """Do it in a thread of its own that nobody waits for."""
    threading.Thread(target=work, name="pulsar", daemon=True).start()


def post_to_loop(loop: asyncio.AbstractEventLoop, call: Callable[..., object], *arguments: object) -> None:
    """Call something on the loop, from any thread. After the loop's end nobody waits any more: nothing happens."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call, *arguments)


def _settle(future: asyncio.Future[T], settle: Callable[[object], None], value: object) -> None:
    if not future.done():
        settle(value)
