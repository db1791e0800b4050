from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.notify.guarded_http import AddressGuard, GuardedHttp
from dict_rate_limit.adapters.notify.heartbeat import UrlHeartbeat
from http_receiver import answer, http_receiver
from log_lines import log_lines
from notifier_harness import LOOPBACK, closed_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from http_receiver import HttpReceiver

HTTP = GuardedHttp(AddressGuard(allowed=LOOPBACK))


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with http_receiver() as running:
        yield running


async def test_the_heartbeat_calls_the_url(receiver: HttpReceiver, caplog: pytest.LogCaptureFixture) -> None:
    await UrlHeartbeat(HTTP, receiver.url("/ping/t0ken")).beat()

    assert [(request.method, request.path) for request in receiver.requests] == [("GET", "/ping/t0ken")]
    assert log_lines(caplog) == []


async def test_a_failure_is_logged_once_until_it_changes_or_ends(
    receiver: HttpReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    heart = UrlHeartbeat(HTTP, receiver.url("/ping/t0ken").replace("://", "://ana:passw0rd@"))
    host = f"127.0.0.1:{receiver.port}"

    for status in ("500 Oh no", "500 Oh no", "404 Not Found", "200 OK", "200 OK"):
        receiver.answers = lambda _, status=status: answer(status, b"t0ken")  # type: ignore[misc]
        await heart.beat()

    assert log_lines(caplog) == [
        f"heartbeat.failed error=HTTP 500 Oh no host={host}",
        f"heartbeat.failed error=HTTP 404 Not Found host={host}",
        f"heartbeat.recovered host={host}",
    ]


async def test_a_refused_connection_is_logged_without_the_url(caplog: pytest.LogCaptureFixture) -> None:
    port = closed_port()

    await UrlHeartbeat(HTTP, f"http://127.0.0.1:{port}/ping/t0ken").beat()

    assert log_lines(caplog) == [f"heartbeat.failed error=cannot connect: Connection refused host=127.0.0.1:{port}"]


async def test_an_internal_address_is_rejected(receiver: HttpReceiver, caplog: pytest.LogCaptureFixture) -> None:
    await UrlHeartbeat(GuardedHttp(AddressGuard()), receiver.url("/ping")).beat()

    assert receiver.requests == []
    assert "NOTIFY_ALLOWED_NETWORKS" in log_lines(caplog)[0]
