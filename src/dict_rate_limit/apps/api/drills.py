"""Test alerts."""

from __future__ import annotations

from typing import Annotated, Final

import litestar
from litestar.openapi.spec import Example
from litestar.params import Body
from litestar.response import Response

from dict_rate_limit.apps.api.alerts import notifications, transitions
from dict_rate_limit.apps.api.dependencies import Actor, Deps
from dict_rate_limit.apps.api.openapi import WRITE, responses
from dict_rate_limit.apps.api.parameters import Identifier
from dict_rate_limit.contract.drills import DRILL, DRILL_BODY, Drill, LastAnswer, NewDrill
from dict_rate_limit.contract.fields import document
from dict_rate_limit.contract.paths import DRILLS
from dict_rate_limit.contract.problems import ProblemType
from dict_rate_limit.domain.timestamps import to_utc
from dict_rate_limit.usecases.drill import DrillResult, drill_result, send_drill

_STORE = ProblemType.STORE_UNAVAILABLE


@litestar.post(
    "/drills",
    status_code=202,
    operation_id="sendDrill",
    responses=responses(Drill, "The test alert was accepted", DRILL, _STORE, *WRITE, status=202),
    summary="Send a test alert",
    tags=["drills"],
)
async def create_drill(
    deps: Deps, actor: Actor, data: Annotated[NewDrill, Body(examples=[Example(value=DRILL_BODY)])]
) -> Response[Drill]:
    """Send a test alert, opened and resolved at once, through every step of a real one: broker, then every channel.

    It ignores routes and silences. The path in Location shows its progress. The actor is the name of the token.
    """
    sent = await send_drill(deps.stores.alerts, deps.clock, deps.participant(data.participant), actor, data.reason)
    result = await drill_result(deps.stores, sent.alert_id)
    return Response(_document(result), headers={"Location": f"{DRILLS}/{sent.alert_id}"})


@litestar.get(
    "/drills/{alert_id:str}",
    operation_id="getDrill",
    responses=responses(Drill, "Its progress", DRILL, _STORE, ProblemType.DRILL_NOT_FOUND),
    summary="Read the progress of a test alert",
    tags=["drills"],
)
async def get_drill(deps: Deps, alert_id: Identifier) -> Drill:
    """Return the steps of a test alert: stored, published, routed, and the answer of each channel."""
    return _document(await drill_result(deps.stores, alert_id))


def _document(result: DrillResult) -> Drill:
    sent = result.history.alert
    sender = sent.acknowledgement
    return document(
        Drill,
        result,
        alert_id=sent.alert_id,
        participant=sent.participant,
        actor="" if sender is None else sender.actor,
        reason="" if sender is None else sender.reason,
        sent_at=sent.opened_at,
        transitions=transitions(result.history),
        notifications=notifications(result.ledger),
        last_answers=tuple(
            LastAnswer(channel=name, at=to_utc(last.at), ok=last.answer.ok, text=last.answer.text)
            for name, last in sorted(result.last.items())
        ),
    )


ROUTES: Final = (create_drill, get_drill)
