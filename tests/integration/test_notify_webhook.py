from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.notify.guarded_http import AddressGuard, GuardedHttp
from dict_rate_limit.adapters.notify.webhook import WebhookNotifier, signatures
from dict_rate_limit.contract.events import event_document
from dict_rate_limit.domain.notifications.channel import Channel, ChannelType
from http_receiver import answer, http_receiver
from notifier_harness import LOOPBACK, SECRET, message
from samples.alerts import one_of_each
from samples.domain import NOON
from samples.fake_ports import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from http_receiver import HttpReceiver, Request

OLD = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
VERSION = "1.2.3"


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with http_receiver() as running:
        yield running


def channel(receiver: HttpReceiver, *secrets: str, path: str = "/dict") -> Channel:
    return Channel(name="siem", format=ChannelType.WEBHOOK, url=receiver.url(path), secrets=secrets or (SECRET,))


def notifier(clock: FakeClock | None = None, allowed: tuple[str, ...] = LOOPBACK) -> WebhookNotifier:
    http = GuardedHttp(AddressGuard(allowed=allowed))
    return WebhookNotifier(http=http, clock=clock or FakeClock(), version=VERSION)


def verified(request: Request, secret: str) -> bool:
    """Check a request as the specification says, without code of the product."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    offered = [part.split(",", 1) for part in request.headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(text, wanted) for version, text in offered)


def test_the_signature_matches_the_specification() -> None:
    """The example of the reference libraries: message, time, payload and secret are theirs."""
    document = b'{"test": 2432232314}'

    signed = signatures((SECRET,), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, document)

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_the_body_is_the_core_event(receiver: HttpReceiver) -> None:
    await notifier().send(channel(receiver), message())

    (request,) = receiver.requests
    assert (request.method, request.path, request.headers["content-type"]) == ("POST", "/dict", "application/json")
    assert request.json == {
        "type": "rate_limit.alert.escalated",
        "timestamp": "2026-11-23T12:01:00Z",
        "data": json.loads(json.dumps(event_document(one_of_each()["ESCALATED"], VERSION, NOON))),
    }


async def test_a_receiver_can_verify_the_signature(receiver: HttpReceiver) -> None:
    await notifier().send(channel(receiver), message())

    (request,) = receiver.requests
    assert verified(request, SECRET)
    assert not verified(request, OLD)
    assert not verified(replace(request, body=request.body + b" "), SECRET)


async def test_both_secrets_are_used_during_a_rotation(receiver: HttpReceiver) -> None:
    await notifier().send(channel(receiver, SECRET, OLD), message())

    (request,) = receiver.requests
    assert verified(request, SECRET)
    assert verified(request, OLD)


async def test_a_repeat_has_the_same_id_and_body_and_a_new_timestamp(receiver: HttpReceiver) -> None:
    clock = FakeClock()
    sender = notifier(clock)

    await sender.send(channel(receiver), message())
    clock.move(timedelta(minutes=10))
    await sender.send(channel(receiver), message())

    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == str(message().message_id)
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 600
    assert first.body == second.body
    assert verified(second, SECRET)


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "299 Odd"])
async def test_every_2xx_status_is_a_success(receiver: HttpReceiver, status: str) -> None:
    receiver.answers = lambda _: answer(status, b"thank you")

    said = await notifier().send(channel(receiver), message())

    assert (said.ok, said.text) == (True, f"HTTP {status}")


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        ("400 Bad Request", True),
        ("401 Unauthorized", False),
        ("404 Not Found", False),
        ("410 Gone", False),
        ("413 Payload Too Large", True),
        ("415 Unsupported Media Type", True),
        ("422 Unprocessable Entity", True),
        ("429 Too Many Requests", False),
        ("503 Service Unavailable", False),
    ],
)
async def test_a_rejected_message_differs_from_an_unavailable_receiver(
    receiver: HttpReceiver, status: str, *, refused: bool
) -> None:
    receiver.answers = lambda _: answer(status, b"no")

    said = await notifier().send(channel(receiver), message())

    assert (said.ok, said.refused, said.text) == (False, refused, f"HTTP {status}: no")


async def test_an_endless_body_does_not_block(receiver: HttpReceiver) -> None:
    receiver.answers = lambda _: b"HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\nlater"

    said = await notifier().send(channel(receiver), message())

    assert said.text.startswith("HTTP 503 Busy")


async def test_an_internal_address_is_rejected_and_the_setting_named(receiver: HttpReceiver) -> None:
    said = await notifier(allowed=()).send(channel(receiver), message())

    assert not said.ok
    assert said.text == (
        "host 127.0.0.1: 127.0.0.1 is in the internal network 127.0.0.0/24; to allow it, add that to "
        "NOTIFY_ALLOWED_NETWORKS"
    )
    assert receiver.requests == []


async def test_credentials_in_the_url_are_sent_and_not_logged(receiver: HttpReceiver) -> None:
    receiver.answers = lambda request: answer("403 Forbidden", request.headers["authorization"].encode())
    one = replace(channel(receiver), url=receiver.url("/dict").replace("://", "://ana:passw0rd@"))

    said = await notifier().send(one, message())

    assert receiver.requests[0].headers["authorization"] == "Basic " + base64.b64encode(b"ana:passw0rd").decode()
    assert said.text == "HTTP 403 Forbidden: Basic ***"
