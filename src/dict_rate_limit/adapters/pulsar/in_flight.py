"""What is on its way to the broker, and what became of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from dict_rate_limit.adapters.pulsar.threads import post_to_loop
from dict_rate_limit.ports.delivery import PublishResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    import pulsar

    ResultCallback = Callable[[pulsar.Result, object], None]

TIMEOUT: Final = "Timeout"

_OK: Final = "Ok"
_REJECTIONS: Final = frozenset({"MessageTooBig", "InvalidMessage"})
"""What can only be wrong with the message itself; everything else is an outage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMessage:
    """A message, its key, and its place among those of the call."""

    event_id: UUID
    key: str
    position: int


class InFlight:
    """Messages of one call. Their answers come from a thread of the client, some already while they are sent.

    Once one of a key was refused or has failed, later ones of the key are not sent, and have no receipt: what is to be
    told again is told from there on, in order. `trouble` is the first result that was an outage.
    """

    def __init__(self, timeout_sec: float) -> None:
        """Take answers to the running loop, for so long."""
        self._loop = asyncio.get_running_loop()
        self._ends = self._loop.time() + timeout_sec
        self._answers: asyncio.Queue[tuple[PendingMessage, str, bool]] = asyncio.Queue()
        self._rejected: dict[str, int] = {}  # by key, the place; written by any thread
        self._stopped: dict[str, int] = {}  # likewise, as far as answers were read
        self._count = 0
        self._pending = 0
        self.failure: str | None = None

    def __len__(self) -> int:
        """Return how many are without an answer."""
        return self._pending

    def is_blocked(self, key: str) -> bool:
        """Tell whether one of the key was refused before it left."""
        return key in self._rejected

    def add(self, event_id: UUID, key: str) -> ResultCallback:
        """Count a message; return what is to be called with its result, from whatever thread."""
        self._count += 1
        self._pending += 1
        message = PendingMessage(event_id=event_id, key=key, position=self._count)

        def answered(result: pulsar.Result, _: object) -> None:
            self._record(message, result.name, refused=result.name in _REJECTIONS)

        return answered

    def reject(self, event_id: UUID, key: str, reason: str) -> None:
        """Answer for a message that is not sent."""
        self._count += 1
        self._pending += 1
        self._record(PendingMessage(event_id=event_id, key=key, position=self._count), reason, refused=True)

    async def next_result(self) -> PublishResult | None:
        """Wait for the next answer; None where it gives no receipt."""
        try:
            async with asyncio.timeout_at(self._ends):
                message, result, refused = await self._answers.get()
        except TimeoutError:
            self._pending, self.failure = 0, self.failure or TIMEOUT
            return None
        self._pending -= 1
        if message.position > self._stopped.get(message.key, inf):
            return None
        if result == _OK:
            return PublishResult(event_id=message.event_id)
        self._stopped[message.key] = message.position
        if refused:
            return PublishResult(event_id=message.event_id, refusal=result)
        self.failure = self.failure or result
        return None

    def _record(self, message: PendingMessage, result: str, *, refused: bool) -> None:
        if refused:
            self._rejected.setdefault(message.key, message.position)
        post_to_loop(self._loop, self._answers.put_nowait, (message, result, refused))
