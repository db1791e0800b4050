from __future__ import annotations

import asyncio
import threading

import pytest

from dict_rate_limit.adapters.pulsar.threads import in_thread, post_to_loop


async def test_what_blocks_is_done_elsewhere_and_its_result_comes_back() -> None:
    assert await in_thread(threading.get_ident) != threading.get_ident()


async def test_its_error_comes_back() -> None:
    def fails() -> None:
        message = "no"
        raise ValueError(message)

    with pytest.raises(ValueError, match="no"):
        await in_thread(fails)


async def test_who_is_cancelled_leaves_the_work_to_itself() -> None:
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


def test_after_the_loop_nobody_waits_any_more() -> None:
    loop = asyncio.new_event_loop()
    loop.close()

    post_to_loop(loop, pytest.fail, "called on a closed loop")
