"""Messages kept in memory: for trials, and to look at in tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dict_rate_limit.domain.notifications.routing import DeliveryResult

if TYPE_CHECKING:
    from dict_rate_limit.domain.notifications.channel import Channel
    from dict_rate_limit.ports.notifications import Message

ACCEPTED = DeliveryResult(ok=True, text="kept in memory")


@dataclass(slots=True)
class MemoryNotifier:
    """Keeps every message it is given, repeats included, and gives the answers it was made with, then takes all."""

    answers: list[DeliveryResult] = field(default_factory=list)
    sent: list[tuple[Channel, Message]] = field(default_factory=list)

    async def send(self, channel: Channel, message: Message) -> DeliveryResult:
        """Keep the message when the answer is good."""
        answer = self.answers.pop(0) if self.answers else ACCEPTED
        if answer.ok:
            self.sent.append((channel, message))
        return answer
