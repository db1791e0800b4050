"""What every component needs at its start: progress table, log, and the shutdown, by a signal or a lost component."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TextIO

from dict_rate_limit.apps.local.local_stack import CACHE, DATABASE, SOURCE, TEMPORAL
from dict_rate_limit.apps.local.process import EmbeddedError
from dict_rate_limit.apps.local.progress_table import ProgressTable

if TYPE_CHECKING:
    from dict_rate_limit.bootstrap.telemetry import LogContexts

SCHEMA: Final = "Schema"
WORKER: Final = "Worker"
API: Final = "API and page"
PROMETHEUS: Final = "Prometheus"
COMPONENTS: Final = (DATABASE.name, TEMPORAL.name, CACHE.name, SOURCE.name, SCHEMA, WORKER, API)
"""In the order of the progress table. Prometheus follows when OBSERVE is set."""
STOP_TIMEOUT_SEC: Final = 2.8
# Sent by Ctrl-C, a service manager, and a closed terminal.
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Shutdown:
    """The state of a shutdown. `started` is true once every component runs; before, a shutdown cancels the start."""

    def __init__(self, exit_now: Callable[[], None]) -> None:
        self.requested = asyncio.Event()
        self.started = False
        self.loss: str | None = None
        self._exit_now = exit_now

    def request(self) -> None:
        """Request a shutdown. A second request exits at once."""
        if self.requested.is_set():
            self._exit_now()
        self.requested.set()

    def component_lost(self, message: str) -> None:
        """Request a shutdown because a component ended by itself."""
        if not self.requested.is_set():
            self.loss = message
            self.requested.set()

    async def supervise(self, main: Coroutine[None, None, None]) -> None:
        """Run `main` until it ends or a shutdown is requested.

        Raises:
            EmbeddedError: a component was lost.
        """
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            # `nohup` ignores SIGHUP, and must keep doing so.
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Startup:
    """`log` takes the log lines, as the terminal shows the table. `contexts` add fields to each line."""

    progress: ProgressTable
    shutdown: Shutdown
    log: TextIO
    contexts: LogContexts = field(default_factory=list)
