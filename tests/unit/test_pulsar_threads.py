from __future__ import annotations

import asyncio
import threading

import pytest

from dict_rate_limit.adapters.pulsar.connection import in_thread, post_to_loop


async def test_a_blocking_call_runs_in_a_thread_and_returns_its_result() -> None:
    assert await in_thread(threading.get_ident) != threading.get_ident()


async def test_a_blocking_call_raises_its_error() -> None:
    def fails() -> None:
        message = "no"
        raise ValueError(message)

    with pytest.raises(ValueError, match="no"):
        await in_thread(fails)


async def test_a_cancelled_caller_does_not_stop_the_call() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def works() -> None:
        begun.set()
        may_end.wait(30)
        ended.set()

    task = asyncio.create_task(in_thread(works))
    await asyncio.to_thread(begun.wait, 30)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    may_end.set()
    assert await asyncio.to_thread(ended.wait, 30)
    await asyncio.sleep(0)  # the result that nobody waits for


def test_the_process_does_not_wait_for_calls_after_the_loop() -> None:
    loop = asyncio.new_event_loop()
    loop.close()

    post_to_loop(loop, pytest.fail, "called on a closed loop")
