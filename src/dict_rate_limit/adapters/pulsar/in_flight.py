"""Messages sent to the broker and not yet acknowledged, and their results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Final
from uuid import UUID

import pulsar

from dict_rate_limit.adapters.pulsar.threads import post_to_loop
from dict_rate_limit.ports.delivery import PublishResult

ResultCallback = Callable[[pulsar.Result, object], None]

TIMEOUT: Final = "Timeout"

_OK: Final = "Ok"
# These results concern the message itself. All others count as an outage of the broker.
_REJECTIONS: Final = frozenset({"MessageTooBig", "InvalidMessage"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMessage:
    """A message, its key, and its position in the call."""

    event_id: UUID
    key: str
    position: int


class InFlight:
    """Messages of one call. The client's thread delivers their results, some while others are still being sent.

    After a rejected or failed message of a key, later ones of that key have no result: publishing resumes there, in
    order. `failure` is the first result that is an outage.
    """

    def __init__(self, timeout_sec: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._ends = self._loop.time() + timeout_sec
        self._answers: asyncio.Queue[tuple[PendingMessage, str, bool]] = asyncio.Queue()
        # Position of the first rejected message, by key. Any thread writes it.
        self._rejected: dict[str, int] = {}
        # Position of the first message without success by key, as far as results were read.
        self._stopped: dict[str, int] = {}
        self._count = 0
        self._pending = 0
        self.failure: str | None = None

    def __len__(self) -> int:
        return self._pending

    def is_blocked(self, key: str) -> bool:
        """Return whether a message of the key was rejected."""
        return key in self._rejected

    def add(self, event_id: UUID, key: str) -> ResultCallback:
        """Add a message. Returns the callback for its result, which any thread may call."""
        self._count += 1
        self._pending += 1
        message = PendingMessage(event_id=event_id, key=key, position=self._count)

        def answered(result: pulsar.Result, _: object) -> None:
            self._record(message, result.name, rejected=result.name in _REJECTIONS)

        return answered

    def reject(self, event_id: UUID, key: str, reason: str) -> None:
        """Record the rejection of a message that is not sent."""
        self._count += 1
        self._pending += 1
        self._record(PendingMessage(event_id=event_id, key=key, position=self._count), reason, rejected=True)

    async def next_result(self) -> PublishResult | None:
        """Wait for the next result; None when it is not final for a message."""
        try:
            async with asyncio.timeout_at(self._ends):
                message, result, rejected = await self._answers.get()
        except TimeoutError:
            self._pending, self.failure = 0, self.failure or TIMEOUT
            return None
        self._pending -= 1
        if message.position > self._stopped.get(message.key, inf):
            return None
        if result == _OK:
            return PublishResult(event_id=message.event_id)
        self._stopped[message.key] = message.position
        if rejected:
            return PublishResult(event_id=message.event_id, refusal=result)
        self.failure = self.failure or result
        return None

    def _record(self, message: PendingMessage, result: str, *, rejected: bool) -> None:
        if rejected:
            self._rejected.setdefault(message.key, message.position)
        post_to_loop(self._loop, self._answers.put_nowait, (message, result, rejected))
