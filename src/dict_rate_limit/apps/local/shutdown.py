"""How the end of `up` comes about: asked for, or because a part was lost."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Final

from dict_rate_limit.apps.local.process import EmbeddedError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

STOP_TIMEOUT_SEC: Final = 2.8
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, a service manager, a closed terminal


class Shutdown:
    """`shutdown` is set once it is to end. `started` tells that everything runs, so that it can be asked politely."""

    def __init__(self, force: Callable[[], None]) -> None:
        """Take what ends the process at once."""
        self.requested = asyncio.Event()
        self.started = False
        self.loss: str | None = None
        self._exit_now = force

    def request(self) -> None:
        """End; the second time at once."""
        if self.requested.is_set():
            self._exit_now()
        self.requested.set()

    def component_lost(self, message: str) -> None:
        """End, because a part did."""
        if not self.requested.is_set():
            self.loss = message
            self.requested.set()

    async def supervise(self, main: Coroutine[None, None, None]) -> None:
        """Live until it is to end, or until life ends by itself.

        Raises:
            EmbeddedError: a part was lost.
        """
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
                loop.add_signal_handler(number, self.request)
        main_task = asyncio.create_task(main)
        request_task = asyncio.create_task(self.requested.wait())
        await asyncio.wait({main_task, request_task}, return_when=asyncio.FIRST_COMPLETED)
        request_task.cancel()
        limit = loop.call_later(STOP_TIMEOUT_SEC, self._exit_now)
        if not self.started:
            main_task.cancel()
        await asyncio.wait({main_task})
        limit.cancel()
        error = None if main_task.cancelled() else main_task.exception()
        if self.loss is not None:
            raise EmbeddedError(self.loss) from error
        if error is not None:
            raise error
