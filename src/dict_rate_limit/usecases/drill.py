"""What became of a test alert, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dict_rate_limit.domain.alerts.alert import Kind
from dict_rate_limit.domain.errors import NotFoundError
from dict_rate_limit.domain.notifications.routing import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from dict_rate_limit.domain.notifications.routing import Attempt
    from dict_rate_limit.ports.notifications import LedgerEntry
    from dict_rate_limit.ports.stores import AlertHistory, Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """How far a test alert has come.

    published  every transition reached the broker, or the log where there is none
    routed     it is settled which channels are told
    ledger     each channel's notifications and what was tried
    last       by channel: the last attempt of all, which says why a test alert has to wait behind others
    """

    history: AlertHistory
    published: bool
    routed: bool
    ledger: Sequence[LedgerEntry]
    last: Mapping[str, Attempt]

    @property
    def done(self) -> bool:
        """Nothing more will happen: what did not arrive was given up on."""
        history = self.history
        settled = {event.event_id for event in history.events} <= history.published | history.dead
        waiting = any(entry.notification.status is Status.PENDING for entry in self.ledger)
        return settled and self.routed and not waiting

    @property
    def good(self) -> bool:
        """All of it arrived; a channel that has not taken it yet is not good."""
        took = all(entry.notification.status is Status.DELIVERED for entry in self.ledger)
        return self.published and self.routed and took


async def drill_result(stores: Stores, alert_id: UUID) -> DrillResult:
    """Look a test alert up.

    Raises:
        NotFoundError: there is no such test alert.
    """
    history = await stores.alerts.alert(alert_id)
    if history is None or history.alert.kind is not Kind.DRILL:
        message = f"drill: {alert_id}, expected the id of a test alert"
        raise NotFoundError(message)
    ids = {event.event_id for event in history.events}
    ledger = await stores.notifications.ledger(alert_id)
    channels = {entry.notification.channel for entry in ledger}
    last = await stores.notifications.last_attempts()
    return DrillResult(
        history=history,
        published=ids <= history.published,
        routed=ids <= history.routed,
        ledger=ledger,
        last={name: attempt for name, attempt in last.items() if name in channels},
    )
