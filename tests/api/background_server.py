"""The API on an event loop in a thread, for synchronous tests."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from api.actions_world import ActionsWorld
from api.world import serving

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

T = TypeVar("T")


class BackgroundServer:
    """A running API. `do` runs a coroutine on its loop."""

    def __init__(self, world: ActionsWorld, loop: asyncio.AbstractEventLoop) -> None:
        self.world = world
        self.url = ""
        self._loop = loop

    def do(self, action: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(action, self._loop).result(timeout=30)


@contextmanager
def background_server(folder: Path) -> Iterator[BackgroundServer]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = BackgroundServer(ActionsWorld(folder), loop)
    stop = asyncio.Event()

    async def serve(started: asyncio.Future[str]) -> None:
        async with serving(server.world.app()) as url:
            started.set_result(url)
            await stop.wait()

    async def start() -> str:
        started: asyncio.Future[str] = loop.create_future()
        server_task.append(asyncio.create_task(serve(started)))
        return await started

    server_task: list[asyncio.Task[None]] = []
    try:
        server.url = server.do(start())
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        server.do(_ended(server_task))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    await asyncio.gather(*tasks)
