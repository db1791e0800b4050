"""Alerts: list, read, acknowledge. The request pipeline has checked the role before a handler runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import litestar
from litestar.openapi.spec import Example
from litestar.params import Body, QueryParameter

from dict_rate_limit.apps.api.dependencies import Actor, Deps
from dict_rate_limit.apps.api.openapi import WRITE, responses
from dict_rate_limit.apps.api.parameters import DEFAULT_LIMIT, Identifier, Limit
from dict_rate_limit.contract import alerts as contract
from dict_rate_limit.contract.alerts import Alert, AlertDetail, AlertList, NewAcknowledgement
from dict_rate_limit.contract.fields import document
from dict_rate_limit.contract.problems import ProblemType
from dict_rate_limit.domain.errors import NotFoundError
from dict_rate_limit.ports.notifications import LedgerEntry
from dict_rate_limit.ports.stores import AlertHistory
from dict_rate_limit.usecases.alerts import LONGEST_ACKNOWLEDGEMENT, AcknowledgeAlert, acknowledge

_STORE = ProblemType.STORE_UNAVAILABLE
_UNKNOWN = ProblemType.ALERT_NOT_FOUND


@litestar.get(
    "/alerts",
    operation_id="listAlerts",
    responses=responses(AlertList, "The alerts", contract.ALERT_LIST, _STORE),
    summary="List alerts, the last opened first",
    tags=["alerts"],
)
async def list_alerts(
    deps: Deps,
    participant: Annotated[
        str | None, QueryParameter(description="ISPB of a configured participant; by default all of them.")
    ] = None,
    alert_state: Annotated[Literal["open", "all"], QueryParameter(name="state")] = "open",
    limit: Limit = DEFAULT_LIMIT,
) -> AlertList:
    """Return the open alerts of all configured participants. `state=all` adds resolved alerts and notices."""
    participants = deps.reader.participants if participant is None else [deps.participant(participant)]
    found = await deps.stores.alerts.alerts(participants, open_only=alert_state == "open", limit=limit)
    return AlertList(alerts=tuple(contract.alert_document(one) for one in found), total=len(found))


@litestar.get(
    "/alerts/{alert_id:str}",
    operation_id="getAlert",
    responses=responses(AlertDetail, "The alert", contract.ALERT_DETAIL, _STORE, _UNKNOWN),
    summary="Read one alert with its history",
    tags=["alerts"],
)
async def get_alert(deps: Deps, alert_id: Identifier) -> AlertDetail:
    """Return an open or resolved alert, its transitions, and its notifications with every delivery attempt."""
    history = await deps.stores.alerts.alert(alert_id)
    if history is None:
        message = f"alert: {alert_id}, expected the id of an alert"
        raise NotFoundError(message)
    return document(
        AlertDetail,
        contract.alert_document(history.alert),
        transitions=transitions(history),
        notifications=notifications(await deps.stores.notifications.ledger(alert_id)),
    )


@litestar.post(
    "/alerts/{alert_id:str}/acknowledgement",
    status_code=200,
    operation_id="acknowledgeAlert",
    responses=responses(
        Alert, "The acknowledged alert", contract.ALERT, _STORE, _UNKNOWN, ProblemType.CONFLICT, *WRITE
    ),
    summary="Acknowledge an alert",
    tags=["alerts"],
)
async def acknowledge_alert(
    deps: Deps,
    actor: Actor,
    alert_id: Identifier,
    data: Annotated[NewAcknowledgement, Body(examples=[Example(value=contract.ACKNOWLEDGEMENT_BODY)])],
) -> Alert:
    """Acknowledge an alert: it sends no reminders until the given time, or until it escalates.

    Of two concurrent requests the second is answered 409, unless its `sequence` is that of the acknowledged alert. The
    actor is the name of the token.
    """
    command = AcknowledgeAlert(
        alert_id=alert_id,
        actor=actor,
        reason=data.reason,
        until=data.ends_at(deps.clock.now(), LONGEST_ACKNOWLEDGEMENT),
        sequence=data.sequence,
    )
    return contract.alert_document(await acknowledge(deps.stores.alerts, deps.clock, command))


def transitions(history: AlertHistory) -> tuple[contract.Transition, ...]:
    """Return the documents of an alert's transitions."""
    return tuple(
        contract.transition_document(
            event,
            published=event.event_id in history.published,
            dead=event.event_id in history.dead,
            routed=event.event_id in history.routed,
        )
        for event in history.events
    )


def notifications(ledger: Sequence[LedgerEntry]) -> tuple[contract.Notification, ...]:
    return tuple(contract.notification_document(entry.notification, entry.attempts) for entry in ledger)


ROUTES: Final = (list_alerts, get_alert, acknowledge_alert)
