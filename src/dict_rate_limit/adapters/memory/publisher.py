"""Transitions published to memory, for trials and tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from dict_rate_limit.contract.events import event_json
from dict_rate_limit.domain.alerts.alert import AlertEvent
from dict_rate_limit.domain.errors import PublishError
from dict_rate_limit.ports.delivery import PublishResult


@dataclass(slots=True, kw_only=True)
class MemoryPublisher:
    """Stores every transition, duplicates included.

    Documents of more than `largest` bytes are rejected; while there is an `outage`, every call fails with it.
    """

    largest: int = 1 << 20
    outage: PublishError | None = None
    published: list[AlertEvent] = field(default_factory=list)
    destination: str = "memory"

    async def publish(self, events: Sequence[AlertEvent]) -> AsyncGenerator[PublishResult, None]:
        refused: set[str] = set()
        for event in events:
            if self.outage is not None:
                raise self.outage
            if event.policy_name in refused:
                continue
            size = len(event_json(event, "", event.detected_at))
            if size > self.largest:
                refused.add(event.policy_name)
                yield PublishResult(event_id=event.event_id, refusal=f"{size} bytes, expected at most {self.largest}")
                continue
            self.published.append(event)
            yield PublishResult(event_id=event.event_id)
