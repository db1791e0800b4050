"""Picks the sender by what a channel is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dict_rate_limit.domain.channel import Channel, Format
    from dict_rate_limit.domain.notification import Answer
    from dict_rate_limit.ports.delivery import Message, Notifier


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierByFormat:
    """One sender for each format."""

    senders: Mapping[Format, Notifier]

    async def send(self, channel: Channel, message: Message) -> Answer:
        """Let the channel's sender do it."""
        return await self.senders[channel.format].send(channel, message)
