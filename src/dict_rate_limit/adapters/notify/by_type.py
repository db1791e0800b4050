"""Picks the sender by what a channel is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dict_rate_limit.ports.telemetry import NULL_TRACER, Component

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dict_rate_limit.domain.notifications.channel import Channel, ChannelType
    from dict_rate_limit.domain.notifications.routing import DeliveryResult
    from dict_rate_limit.ports.notifications import Message, Notifier
    from dict_rate_limit.ports.telemetry import Tracer


def _ignore(_channel: str, _result: str) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierByType:
    """One sender for each format; each message is one of `steps`.

    `tried` is told of each message: the channel, and "ok" or "failed".
    """

    senders: Mapping[ChannelType, Notifier]
    tracer: Tracer = NULL_TRACER
    tried: Callable[[str, str], None] = _ignore

    async def send(self, channel: Channel, message: Message) -> DeliveryResult:
        """Let the channel's sender do it."""
        facts = {"dict_rate_limit.channel": channel.name}
        with self.tracer.begin(Component.CHANNEL, f"notify {channel.format}", facts) as span:
            answer = await self.senders[channel.format].send(channel, message)
            span.end(None if answer.ok else "not taken")
        self.tried(channel.name, "ok" if answer.ok else "failed")
        return answer
