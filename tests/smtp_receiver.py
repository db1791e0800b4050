"""An SMTP server that stores mails, with configurable responses."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, cast

from aiosmtpd.smtp import SMTP

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from email.message import EmailMessage

    from aiosmtpd.smtp import Envelope, Session


@dataclass(slots=True)
class SmtpReceiver:
    """`reply` is the response to each mail. With None there is none and the connection stays open."""

    port: int = 0
    reply: str | None = "250 OK"
    mails: list[EmailMessage] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, password: str = "s3cr3t-token") -> str:  # noqa: S107 -- of a test
        """Return the Apprise URL of the receiver."""
        return f"mailto://127.0.0.1:{self.port}/?from=dict@example.com&to=ops@example.com&mode=insecure&name={password}"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 -- aiosmtpd's name
        self.asked.set()
        if self.reply is None:
            await asyncio.Event().wait()
            raise AssertionError
        if self.reply.startswith("2"):
            content = cast("bytes", envelope.content)
            self.mails.append(message_from_bytes(content, policy=policy.default))
        return self.reply


@asynccontextmanager
async def smtp_receiver() -> AsyncIterator[SmtpReceiver]:
    """Run a receiver on a free port."""
    receiver = SmtpReceiver()
    loop = asyncio.get_running_loop()
    protocols: list[SMTP] = []

    def protocol() -> SMTP:
        protocols.append(SMTP(receiver, hostname="localhost", loop=loop))
        return protocols[-1]

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for one in protocols:
            if one.transport is not None:
                one.transport.close()
        await server.wait_closed()
