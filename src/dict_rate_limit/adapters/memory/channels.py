"""Channels and a heartbeat that are given once: for trials, and for whoever has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dict_rate_limit.domain.notifications.channel import Channel


@dataclass(frozen=True, slots=True)
class FixedChannels:
    """The channels it was made with."""

    known: Sequence[Channel] = ()

    def channels(self) -> Sequence[Channel]:
        """Return them."""
        return self.known

    def names(self) -> Collection[str]:
        """Return their names."""
        return [channel.name for channel in self.known]


@dataclass(slots=True)
class CountedHeartbeat:
    """Counts its beats."""

    beats: int = 0

    async def beat(self) -> None:
        """Count."""
        self.beats += 1
