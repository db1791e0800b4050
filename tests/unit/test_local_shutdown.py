from __future__ import annotations

import asyncio
import os
import signal

import pytest

from dict_rate_limit.apps.local.process import EmbeddedError
from dict_rate_limit.apps.local.shutdown import Shutdown
from processes import hearing


class Force:
    def __init__(self) -> None:
        self.used = 0

    def __call__(self) -> None:
        self.used += 1


async def politely(ending: Shutdown, journal: list[str]) -> None:
    ending.started = True
    journal.append("up")
    await ending.requested.wait()
    journal.append("down")


async def starting(journal: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        journal.append("given up")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_asks_for_the_end(number: signal.Signals) -> None:
    ending, journal = Shutdown(Force()), list[str]()
    with hearing(number):
        supervision = asyncio.create_task(ending.supervise(politely(ending, journal)))
        await asyncio.sleep(0)

        os.kill(os.getpid(), number)
        await supervision

    assert journal == ["up", "down"]


async def test_a_start_that_is_not_done_is_given_up() -> None:
    ending, journal = Shutdown(Force()), list[str]()
    supervision = asyncio.create_task(ending.supervise(starting(journal)))
    await asyncio.sleep(0)

    ending.request()
    await supervision

    assert journal == ["given up"]


async def test_asking_twice_is_force() -> None:
    force = Force()
    ending = Shutdown(force)

    ending.request()
    ending.request()

    assert force.used == 1


async def test_a_lost_part_ends_everything_and_is_named() -> None:
    ending, journal = Shutdown(Force()), list[str]()
    supervision = asyncio.create_task(ending.supervise(politely(ending, journal)))
    await asyncio.sleep(0)

    ending.component_lost("Temporal ended")

    with pytest.raises(EmbeddedError, match=r"^Temporal ended$"):
        await supervision
    assert journal == ["up", "down"]


async def test_a_part_that_ends_after_we_were_asked_is_no_loss() -> None:
    ending, journal = Shutdown(Force()), list[str]()
    supervision = asyncio.create_task(ending.supervise(politely(ending, journal)))
    await asyncio.sleep(0)

    ending.request()
    ending.component_lost("Temporal ended")
    await supervision

    assert journal == ["up", "down"]


async def test_a_start_that_fails_raises_its_error() -> None:
    async def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Shutdown(Force()).supervise(fails())


async def test_who_ignores_hangups_goes_on_ignoring_them() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        ending = Shutdown(Force())
        supervision = asyncio.create_task(ending.supervise(politely(ending, [])))
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        told = ending.requested.is_set()
        ending.request()
        await supervision
    finally:
        signal.signal(signal.SIGHUP, before)

    assert not told
    assert signal.getsignal(signal.SIGHUP) is before
