"""What a reader takes from the database, without ever waiting long for it or asking it often."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from dict_rate_limit.domain.errors import StoreError
from dict_rate_limit.ports.cache import CachedSnapshot

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dict_rate_limit.domain.alerts.state import PolicyOverride
    from dict_rate_limit.ports.clock import Clock
    from dict_rate_limit.ports.stores import StateStore

RULES_LIFE: Final = 10.0
FAILURE_LIFE: Final = 2.0
PATIENCE: Final = 1.0

_LONG_AGO: Final = float("-inf")
_T = TypeVar("_T")


class StoreFallback:
    """Thresholds and last readings: the last known on failure, and no question for two seconds after one."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        """Remember nothing yet."""
        self._store = store
        self._clock = clock
        self._rules: dict[str, Mapping[str, PolicyOverride]] = {}
        self._asked_at: dict[str, float] = {}
        self._down_until = _LONG_AGO

    async def rules(self, participant: str) -> Mapping[str, PolicyOverride]:
        """Return what operators set, at most ten seconds old while the database answers; the same object if equal."""
        known = self._rules.get(participant, {})
        now = self._clock.monotonic()
        if now < self._asked_at.get(participant, _LONG_AGO) + RULES_LIFE:
            return known
        rules = await self._ask(lambda: self._store.policy_overrides(participant))
        if rules is None:
            return known
        self._asked_at[participant] = now
        if rules != known:
            self._rules[participant] = rules
        return self._rules.get(participant, known)

    async def latest(self, participant: str) -> CachedSnapshot | None:
        """Return the monitor's last reading; None when there is none or nobody answers."""
        found = await self._ask(lambda: self._store.latest([participant]))
        latest = None if found is None else found.get(participant)
        if latest is None or latest.snapshot is None:
            return None
        return CachedSnapshot(snapshot=latest.snapshot, fetched_at=latest.snapshot.received_at)

    async def _ask(self, question: Callable[[], Awaitable[_T]]) -> _T | None:
        if self._clock.monotonic() < self._down_until:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                return await question()
        except (StoreError, TimeoutError):
            self._down_until = self._clock.monotonic() + FAILURE_LIFE
            return None
