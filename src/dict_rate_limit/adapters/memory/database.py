"""What the memory store keeps of all participants together."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.memory.participant_log import new_ledger

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from dict_rate_limit.adapters.memory.participant_log import ParticipantLog
    from dict_rate_limit.domain.alerts.alert import AlertEvent


@dataclass(slots=True)
class Transition:
    """One transition and what became of it."""

    event: AlertEvent
    published_at: datetime | None = None
    refusals: int = 0
    refusal: str | None = None
    next_try_at: datetime | None = None
    dead_at: datetime | None = None
    routed: bool = False

    @property
    def waiting(self) -> bool:
        """Neither published nor given up on."""
        return self.published_at is None and self.dead_at is None


@dataclass(slots=True)
class MemoryDatabase:
    """Ledgers and locks by participant, transitions by id in the order they were recorded."""

    ledgers: dict[str, ParticipantLog] = field(default_factory=dict)
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    transitions: dict[UUID, Transition] = field(default_factory=dict)

    def ledger(self, participant: str) -> ParticipantLog:
        """Return a participant's ledger; begin it where there is none."""
        return self.ledgers.setdefault(participant, new_ledger(participant))

    def of(self, participants: Iterable[str]) -> list[ParticipantLog]:
        """Return the ledgers of those ever heard of, each once."""
        return [self.ledgers[name] for name in dict.fromkeys(participants) if name in self.ledgers]

    def add(self, events: Iterable[AlertEvent]) -> None:
        """Keep transitions; one that is there stays as it is."""
        for event in events:
            self.transitions.setdefault(event.event_id, Transition(event))
