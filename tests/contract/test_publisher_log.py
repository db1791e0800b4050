from __future__ import annotations

import errno
import io
import json
import os
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.log_publisher import LogPublisher
from dict_rate_limit.domain.errors import PublishError

if TYPE_CHECKING:
    from typing import TextIO
from samples.fake_ports import FakeClock, opened_and_resolved


class FullDisk(io.StringIO):
    def flush(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def publish(stream: TextIO) -> None:
    publisher = LogPublisher(stream=stream, clock=FakeClock(), version="1.2.3")
    async with aclosing(publisher.publish(opened_and_resolved()[:1])) as receipts:
        async for _ in receipts:
            pass


async def test_a_transition_is_one_log_line_with_its_event() -> None:
    stream = io.StringIO()

    await publish(stream)

    (line,) = stream.getvalue().splitlines()
    assert json.loads(line) | {"core_event": ...} == {
        "timestamp": "2026-11-23T12:00:00+00:00",
        "level": "info",
        "event": "transition.published",
        "core_event": ...,
    }


async def test_a_closed_log_raises_an_error() -> None:
    stream = io.StringIO()
    stream.close()

    with pytest.raises(PublishError, match="closed file"):
        await publish(stream)


async def test_a_full_disk_raises_an_error() -> None:
    with pytest.raises(PublishError, match="No space left"):
        await publish(FullDisk())
