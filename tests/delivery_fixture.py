"""A fixed state of delivery: outbox, notifications and silences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from dict_rate_limit.domain.errors import StoreUnavailableError
from dict_rate_limit.ports.delivery import Backlog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dict_rate_limit.domain.notifications.routing import Status
    from dict_rate_limit.domain.notifications.silence import Silence
    from dict_rate_limit.ports.delivery import Outbox
    from dict_rate_limit.ports.notifications import Notifications
    from dict_rate_limit.ports.stores import SilenceRepository


@dataclass(kw_only=True)
class KnownDelivery:
    """Answers queries about delivery. With `away` the database is unavailable."""

    waiting: Backlog = field(default_factory=lambda: Backlog(waiting=0, oldest_at=None, dead=0))
    counts: Mapping[tuple[str, Status], int] = field(default_factory=dict)
    pending_since: Mapping[str, datetime] = field(default_factory=dict)
    known_silences: Sequence[Silence] = ()
    away: bool = False

    @property
    def outbox(self) -> Outbox:
        return cast("Outbox", self)

    @property
    def notifications(self) -> Notifications:
        return cast("Notifications", self)

    @property
    def silences(self) -> SilenceRepository:
        return cast("SilenceRepository", self)

    async def backlog(self) -> Backlog:
        self._refuse()
        return self.waiting

    async def notification_counts(self) -> Mapping[tuple[str, Status], int]:
        self._refuse()
        return self.counts

    async def oldest_pending(self) -> Mapping[str, datetime]:
        self._refuse()
        return self.pending_since

    async def current(self, now: datetime, *, limit: int | None = None) -> Sequence[Silence]:
        self._refuse()
        return [one for one in self.known_silences if one.ends_at > now][:limit]

    def _refuse(self) -> None:
        if self.away:
            message = "away"
            raise StoreUnavailableError(message)
