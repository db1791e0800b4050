"""Transitions kept in memory: for trials, and to look at in tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dict_rate_limit.domain.alert import AlertEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPublisher:
    """Keeps every transition it is given, repeats included."""

    published: list[AlertEvent] = field(default_factory=list)

    async def publish(self, event: AlertEvent) -> None:
        """Keep the transition."""
        self.published.append(event)
