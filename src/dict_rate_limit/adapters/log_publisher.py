"""Transitions as lines of structured log: for installations without a broker."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from dict_rate_limit.contract.events import event_document
from dict_rate_limit.domain.errors import PublishError
from dict_rate_limit.ports.delivery import PublishResult

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPublisher:
    """Writes one line of JSON per transition; the document stands under `core_event`.

    It writes by itself rather than by a logging library: those swallow what cannot be written, and a transition
    counts as published only when it was.
    """

    stream: TextIO
    clock: Clock
    version: str

    @property
    def destination(self) -> str:
        """Nothing more to say."""
        return "log"

    async def publish(self, events: Sequence[AlertEvent]) -> AsyncGenerator[PublishResult, None]:
        """Write a line for each and flush it. A log refuses none.

        Raises:
            PublishError: the stream is closed, its reader gone, the disk full.
        """
        for event in events:
            self._write(event)
            yield PublishResult(event_id=event.event_id)

    def _write(self, event: AlertEvent) -> None:
        now = self.clock.now()
        document = event_document(event, self.version, now)
        line = {"timestamp": now.isoformat(), "level": "info", "event": "transition.published", "core_event": document}
        try:
            self.stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            self.stream.flush()
        except (OSError, ValueError) as error:  # a closed stream is a ValueError
            message = f"{self.destination}: {error}"
            raise PublishError(message) from error
