"""Publishes events as log lines, for installations without a broker."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TextIO

from dict_rate_limit.contract.events import event_document
from dict_rate_limit.domain.alerts.alert import AlertEvent
from dict_rate_limit.domain.errors import PublishError
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.delivery import PublishResult


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPublisher:
    """Writes one line of JSON per event, with the document in `core_event`."""

    stream: TextIO
    clock: Clock
    version: str

    @property
    def destination(self) -> str:
        return "log"

    async def publish(self, events: Sequence[AlertEvent]) -> AsyncGenerator[PublishResult, None]:
        """Write and flush one line per event. No event is rejected.

        Raises:
            PublishError: the stream is closed, its reader ended, or the disk is full.
        """
        for event in events:
            self._write(event)
            yield PublishResult(event_id=event.event_id)

    def _write(self, event: AlertEvent) -> None:
        now = self.clock.now()
        document = event_document(event, self.version, now)
        line = {"timestamp": now.isoformat(), "level": "info", "event": "transition.published", "core_event": document}
        # Logging libraries ignore write errors, but an event is published only when its line was written.
        try:
            self.stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            self.stream.flush()
        # Writing to a closed stream raises ValueError.
        except (OSError, ValueError) as error:
            message = f"{self.destination}: {error}"
            raise PublishError(message) from error
