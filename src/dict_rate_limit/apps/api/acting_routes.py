"""The addresses of alerts and of the audit. The door has demanded an operator for every act by then."""

from __future__ import annotations

from typing import Final

import litestar
from litestar.response import Response

from dict_rate_limit.apps.api.acting_bodies import NewAcknowledgement, read_body
from dict_rate_limit.apps.api.acting_http import ROOT, acting, actor_of, document
from dict_rate_limit.apps.api.acting_payload import alert, alert_detail, alert_list
from dict_rate_limit.apps.api.acting_schema import (
    ACKNOWLEDGE_RESPONSES,
    ALERT_RESPONSES,
    ALERTS_RESPONSES,
    AUDIT_RESPONSES,
    AcknowledgeOperation,
    AlertOperation,
    AlertsOperation,
    AuditOperation,
)
from dict_rate_limit.apps.api.acting_silence_payload import audit_list
from dict_rate_limit.apps.api.problem import ProblemError
from dict_rate_limit.apps.api.query import identifier, known_participant, limit, one_of, parse_query
from dict_rate_limit.apps.api.routes import backing_of
from dict_rate_limit.contract.problems import ProblemType
from dict_rate_limit.usecases.alert_actions import acknowledge

ALERTS: Final = ROOT + "/alerts"
AUDIT: Final = ROOT + "/audit"
USUAL_LIMIT: Final = 100
LARGEST_LIMIT: Final = 1000


@litestar.get(
    ALERTS,
    operation_id="listAlerts",
    operation_class=AlertsOperation,
    responses=ALERTS_RESPONSES,
    summary="Alerts, the last opened first",
    tags=["alerts"],
)
async def list_alerts(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Return the open alerts of every participant that is watched; `state=all` brings the resolved ones and notices."""
    backing = backing_of(request)
    values = parse_query(request.scope["query_string"], ("participant", "state", "limit"))
    watched = backing.reader.participants
    asked = values.get("participant")
    alerts = await backing.stores.alerts.alerts(
        watched if asked is None else [known_participant(asked, watched)],
        open_only=one_of(values, "state", ("open", "all")) != "all",
        limit=limit(values, usual=USUAL_LIMIT, most=LARGEST_LIMIT),
    )
    return document(alert_list(alerts))


@litestar.get(
    ALERTS + "/{alert_id:str}",
    operation_id="getAlert",
    operation_class=AlertOperation,
    responses=ALERT_RESPONSES,
    summary="One alert with all that happened",
    tags=["alerts"],
)
async def get_alert(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Return an alert, open or not, its transitions, and who was told of them with every attempt."""
    parts = backing_of(request).acting
    parse_query(request.scope["query_string"], ())
    alert_id = identifier("alert_id", request.path_params["alert_id"])
    history = await parts.stores.alerts.alert(alert_id)
    if history is None:
        raise ProblemError(ProblemType.ALERT_NOT_FOUND, f"alert: {alert_id}, expected the id of an alert")
    return document(alert_detail(history, await parts.stores.notifications.ledger(alert_id)))


@litestar.post(
    ALERTS + "/{alert_id:str}/acknowledgement",
    status_code=200,
    operation_id="acknowledgeAlert",
    operation_class=AcknowledgeOperation,
    responses=ACKNOWLEDGE_RESPONSES,
    summary="Take an alert up",
    tags=["alerts"],
)
async def acknowledge_alert(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Take an alert up: nobody is reminded of it until then, or until it gets worse.

    Of two people at once the first has it and the second is answered 409, unless `sequence` says that they saw it
    taken. The actor is the name of the token.
    """
    parts = backing_of(request).acting
    parse_query(request.scope["query_string"], ())
    alert_id = identifier("alert_id", request.path_params["alert_id"])
    body = await read_body(request, NewAcknowledgement)
    with acting(ProblemType.ALERT_NOT_FOUND):
        order = body.order(alert_id, actor_of(request), parts.clock.now())
        return document(alert(await acknowledge(parts.stores.alerts, parts.clock, order)))


@litestar.get(
    AUDIT,
    operation_id="listAudit",
    operation_class=AuditOperation,
    responses=AUDIT_RESPONSES,
    summary="Who did what, newest first",
    tags=["audit"],
)
async def list_audit(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Return the last acts of people."""
    values = parse_query(request.scope["query_string"], ("limit",))
    entries = await backing_of(request).stores.audit.newest(limit(values, usual=USUAL_LIMIT, most=LARGEST_LIMIT))
    return document(audit_list(entries))
