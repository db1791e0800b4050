"""The addresses that show how telling works: the explanation of a policy, and test alerts."""

from __future__ import annotations

from typing import Final

import litestar
from litestar.response import Response

from dict_rate_limit.apps.api.acting_bodies import NewDrill, read_body
from dict_rate_limit.apps.api.acting_explain_payload import drill, explanation
from dict_rate_limit.apps.api.acting_http import ROOT, acting, actor_of, document
from dict_rate_limit.apps.api.acting_schema import (
    DRILL_RESPONSES,
    EXPLAIN_RESPONSES,
    SEND_DRILL_RESPONSES,
    DrillOperation,
    ExplainOperation,
    SendDrillOperation,
)
from dict_rate_limit.apps.api.query import identifier, known_participant, parse_query, policy_name
from dict_rate_limit.apps.api.routes import backing_of
from dict_rate_limit.contract.problems import ProblemType
from dict_rate_limit.usecases.alert_actions import send_drill
from dict_rate_limit.usecases.drill import drill_result
from dict_rate_limit.usecases.explain import explain

EXPLAIN: Final = ROOT + "/explain"
DRILLS: Final = ROOT + "/drills"


@litestar.get(
    EXPLAIN + "/{policy:path}",
    operation_id="explainPolicy",
    operation_class=ExplainOperation,
    responses=EXPLAIN_RESPONSES,
    summary="Why a policy is told as it is",
    tags=["policies"],
)
async def explain_policy(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Return level and what would clear it, open alerts, silences, next reminders and last deliveries."""
    backing = backing_of(request)
    name = policy_name(request.scope["path"].removeprefix(EXPLAIN + "/"))
    values = parse_query(request.scope["query_string"], ("participant",))
    participant = known_participant(values.get("participant"), backing.reader.participants)
    with acting(ProblemType.POLICY_NOT_FOUND):
        return document(explanation(await explain(backing.acting, participant, name)))


@litestar.post(
    DRILLS,
    status_code=202,
    operation_id="sendDrill",
    operation_class=SendDrillOperation,
    responses=SEND_DRILL_RESPONSES,
    summary="Send a test alert",
    tags=["drills"],
)
async def new_drill(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Send a test alert, opened and resolved at once, the way of every alert: broker, then every channel.

    It heeds no route and no silence. Its address, in Location, tells how far it has come. The actor is the name of
    the token.
    """
    backing = backing_of(request)
    parse_query(request.scope["query_string"], ())
    body = await read_body(request, NewDrill)
    participant = known_participant(body.participant, backing.reader.participants)
    parts = backing.acting
    with acting(ProblemType.DRILL_NOT_FOUND):
        sent = await send_drill(parts.stores.alerts, parts.clock, participant, actor_of(request), body.reason)
        result = await drill_result(parts.stores, sent.alert_id)
    return document(drill(result), 202, f"{DRILLS}/{sent.alert_id}")


@litestar.get(
    DRILLS + "/{alert_id:str}",
    operation_id="getDrill",
    operation_class=DrillOperation,
    responses=DRILL_RESPONSES,
    summary="How far a test alert has come",
    tags=["drills"],
)
async def get_drill(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Return step by step what became of a test alert: kept, published, routed, and what each channel answered."""
    parts = backing_of(request).acting
    parse_query(request.scope["query_string"], ())
    alert_id = identifier("alert_id", request.path_params["alert_id"])
    with acting(ProblemType.DRILL_NOT_FOUND):
        return document(drill(await drill_result(parts.stores, alert_id)))
