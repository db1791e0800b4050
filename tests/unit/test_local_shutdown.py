from __future__ import annotations

import asyncio
import os
import signal

import pytest

from dict_rate_limit.apps.local.process import EmbeddedError
from dict_rate_limit.apps.local.startup import Shutdown
from processes import default_handler


class Force:
    def __init__(self) -> None:
        self.used = 0

    def __call__(self) -> None:
        self.used += 1


async def politely(shutdown: Shutdown, journal: list[str]) -> None:
    shutdown.started = True
    journal.append("up")
    await shutdown.requested.wait()
    journal.append("down")


async def starting(journal: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        journal.append("given up")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_requests_the_shutdown(number: signal.Signals) -> None:
    shutdown, journal = Shutdown(Force()), list[str]()
    with default_handler(number):
        supervision = asyncio.create_task(shutdown.supervise(politely(shutdown, journal)))
        await asyncio.sleep(0)

        os.kill(os.getpid(), number)
        await supervision

    assert journal == ["up", "down"]


async def test_a_signal_cancels_an_unfinished_start() -> None:
    shutdown, journal = Shutdown(Force()), list[str]()
    supervision = asyncio.create_task(shutdown.supervise(starting(journal)))
    await asyncio.sleep(0)

    shutdown.request()
    await supervision

    assert journal == ["given up"]


async def test_a_second_signal_forces_the_exit() -> None:
    force = Force()
    shutdown = Shutdown(force)

    shutdown.request()
    shutdown.request()

    assert force.used == 1


async def test_a_lost_component_stops_everything_and_is_named() -> None:
    shutdown, journal = Shutdown(Force()), list[str]()
    supervision = asyncio.create_task(shutdown.supervise(politely(shutdown, journal)))
    await asyncio.sleep(0)

    shutdown.component_lost("Temporal ended")

    with pytest.raises(EmbeddedError, match=r"^Temporal ended$"):
        await supervision
    assert journal == ["up", "down"]


async def test_a_component_that_ends_during_the_shutdown_is_not_lost() -> None:
    shutdown, journal = Shutdown(Force()), list[str]()
    supervision = asyncio.create_task(shutdown.supervise(politely(shutdown, journal)))
    await asyncio.sleep(0)

    shutdown.request()
    shutdown.component_lost("Temporal ended")
    await supervision

    assert journal == ["up", "down"]


async def test_a_start_that_fails_raises_its_error() -> None:
    async def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Shutdown(Force()).supervise(fails())


async def test_an_ignored_hangup_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        shutdown = Shutdown(Force())
        supervision = asyncio.create_task(shutdown.supervise(politely(shutdown, [])))
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        requested = shutdown.requested.is_set()
        shutdown.request()
        await supervision
    finally:
        signal.signal(signal.SIGHUP, before)

    assert not requested
    assert signal.getsignal(signal.SIGHUP) is before
