"""Each type of channel with a real receiver, for one contract."""

from __future__ import annotations

import re
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from dict_rate_limit.adapters.memory.notifications import MemoryNotifier
from dict_rate_limit.adapters.notify.alertmanager import AlertmanagerNotifier
from dict_rate_limit.adapters.notify.apprise_notifier import TIMEOUT_SEC, AppriseNotifier
from dict_rate_limit.adapters.notify.by_type import NotifierByType
from dict_rate_limit.adapters.notify.guarded_http import AddressGuard, GuardedHttp
from dict_rate_limit.adapters.notify.webhook import WebhookNotifier
from dict_rate_limit.domain.notifications.channel import Channel, ChannelType
from dict_rate_limit.domain.notifications.routing import DeliveryResult
from dict_rate_limit.ports.notifications import Message
from http_receiver import answer, http_receiver
from samples.alerts import one_of_each
from samples.domain import NOON
from samples.fake_ports import FakeClock
from smtp_receiver import smtp_receiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from dict_rate_limit.ports.notifications import Notifier
    from http_receiver import HttpReceiver, Request

TOKEN = "s3cr3t-token"  # noqa: S105 -- tests look for it where it must not be
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 -- likewise
LOOPBACK = ("127.0.0.0/8", "::1/128")


class Behaviour(StrEnum):
    """How the receiver handles a message."""

    TAKE = "takes it"
    REFUSE = "refuses it and repeats secrets"
    HANG = "says nothing"
    REDIRECT = "sends it elsewhere"
    GARBAGE = "answers with garbage"
    ABSENT = "is not there"


@dataclass(frozen=True, slots=True)
class ChannelHarness:
    """A notifier, a channel and the receiver.

    `arrived` names each message that came, in order, the same for a repeat; `strayed` counts what went elsewhere.
    """

    notifier: Notifier
    channel: Channel
    arrived: Callable[[], Sequence[str]]
    strayed: Callable[[], int] = lambda: 0

    async def send(self, message: Message) -> DeliveryResult:
        return await self.notifier.send(self.channel, message)


def message(number: int = 1) -> Message:
    """Make a message about one transition."""
    return Message(
        message_id=UUID(int=(0x3F2A91BC + number) << 96),
        title="CRÍTICO: CLAIMS_READ, restam 8%",
        body="CLAIMS_READ em nível crítico\nDesde 25/11 03:12 (UTC-3).",
        events=[one_of_each()["ESCALATED"]],
        created_at=NOON,
    )


def senders(timeout_sec: float = TIMEOUT_SEC) -> NotifierByType:
    """Make the real notifiers, which may connect to this machine."""
    http = GuardedHttp(AddressGuard(allowed=LOOPBACK))
    return NotifierByType(
        senders={
            ChannelType.TEXT: AppriseNotifier(timeout_sec=timeout_sec),
            ChannelType.WEBHOOK: WebhookNotifier(
                http=http, clock=FakeClock(), version="1.2.3", timeout_sec=timeout_sec
            ),
            ChannelType.ALERTMANAGER: AlertmanagerNotifier(http=http, timeout_sec=timeout_sec),
        }
    )


@asynccontextmanager
async def memory_channel(behaviour: Behaviour, timeout_sec: float) -> AsyncIterator[ChannelHarness]:
    """A notifier in memory."""
    takes = behaviour is Behaviour.TAKE
    answers = [] if takes else [DeliveryResult(ok=False, text=f"the other side {behaviour}, {timeout_sec:g} s")] * 2
    notifier = MemoryNotifier(answers=answers)
    channel = Channel(name="memory", format=ChannelType.TEXT, url=f"memory://{TOKEN}")
    yield ChannelHarness(notifier, channel, lambda: [str(one.message_id) for _, one in notifier.sent])


@asynccontextmanager
async def webhook_channel(behaviour: Behaviour, timeout_sec: float) -> AsyncIterator[ChannelHarness]:
    """A webhook."""
    channel = Channel(name="siem", format=ChannelType.WEBHOOK, url="", secrets=(SECRET,))
    async with _http_channel(channel, behaviour, timeout_sec, lambda request: request.headers["webhook-id"]) as harness:
        yield harness


@asynccontextmanager
async def alertmanager_channel(behaviour: Behaviour, timeout_sec: float) -> AsyncIterator[ChannelHarness]:
    """An Alertmanager."""
    channel = Channel(name="am", format=ChannelType.ALERTMANAGER, url="")
    async with _http_channel(channel, behaviour, timeout_sec, lambda request: request.json["groupKey"]) as harness:
        yield harness


@asynccontextmanager
async def json_channel(behaviour: Behaviour, timeout_sec: float) -> AsyncIterator[ChannelHarness]:
    """A JSON receiver of Apprise."""
    channel = Channel(name="json", format=ChannelType.TEXT, url="")
    async with _http_channel(
        channel, behaviour, timeout_sec, lambda request: reference(request.json["message"])
    ) as harness:
        yield replace(
            harness, channel=replace(harness.channel, url=harness.channel.url.replace("http://", "json://") + "&rto=1")
        )


@asynccontextmanager
async def mail_channel(behaviour: Behaviour, timeout_sec: float) -> AsyncIterator[ChannelHarness]:
    """A mail server, by Apprise."""
    async with smtp_receiver() as receiver:
        replies = {
            Behaviour.REFUSE: f"554 no mail for {TOKEN}",
            Behaviour.REDIRECT: "551 not here, try <other@example.com>",
            Behaviour.GARBAGE: "what?",
            Behaviour.HANG: None,
        }
        receiver.reply = replies.get(behaviour, "250 OK")
        if behaviour is Behaviour.ABSENT:
            receiver.port = closed_port()
        channel = Channel(name="mail", format=ChannelType.TEXT, url=receiver.url(TOKEN))

        def arrived() -> list[str]:
            return [reference(part.get_content()) for mail in receiver.mails if (part := mail.get_body(("plain",)))]

        yield ChannelHarness(senders(timeout_sec), channel, arrived)


CHANNELS = (memory_channel, webhook_channel, alertmanager_channel, json_channel, mail_channel)


def reference(text: str) -> str:
    """Return the reference of the message in a text."""
    found = re.search(r"ref ([0-9a-f]{8})\s*$", text)
    assert found is not None
    return found[1]


def closed_port() -> int:
    """Return a port without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@asynccontextmanager
async def _http_channel(
    channel: Channel, behaviour: Behaviour, timeout_sec: float, name: Callable[[Request], str]
) -> AsyncIterator[ChannelHarness]:
    async with http_receiver() as receiver, http_receiver() as elsewhere:
        said = _answers(elsewhere)[behaviour]
        receiver.answers = lambda _: said
        if behaviour is Behaviour.ABSENT:
            receiver.port = closed_port()
        url = receiver.url(f"/hooks/{TOKEN}?key={TOKEN}")
        yield ChannelHarness(
            senders(timeout_sec),
            replace(channel, url=url),
            lambda: [name(request) for request in receiver.requests],
            lambda: len(elsewhere.requests),
        )


def _answers(elsewhere: HttpReceiver) -> dict[Behaviour, bytes | None]:
    taken = answer()
    return {
        Behaviour.TAKE: taken,
        Behaviour.REFUSE: answer("500 Oh no", f"{TOKEN} {SECRET} {'x' * 5_000}".encode()),
        Behaviour.HANG: None,
        Behaviour.REDIRECT: answer("307 Temporary Redirect", b"", f"Location: {elsewhere.url()}"),
        Behaviour.GARBAGE: b"what?\r\n\r\n",
        Behaviour.ABSENT: taken,
    }
