"""The addresses of silences and maintenance windows."""

from __future__ import annotations

from typing import Final

import litestar
from litestar.response import Response

from dict_rate_limit.apps.api.acting_bodies import EndOfSilence, NewSilence, read_body
from dict_rate_limit.apps.api.acting_http import ROOT, acting, actor_of, document
from dict_rate_limit.apps.api.acting_schema import (
    CREATE_SILENCE_RESPONSES,
    END_SILENCE_RESPONSES,
    SILENCE_RESPONSES,
    SILENCES_RESPONSES,
    CreateSilenceOperation,
    EndSilenceOperation,
    SilenceOperation,
    SilencesOperation,
)
from dict_rate_limit.apps.api.acting_silence_payload import silence, silence_list
from dict_rate_limit.apps.api.problem import ProblemError
from dict_rate_limit.apps.api.query import identifier, limit, one_of, parse_query
from dict_rate_limit.apps.api.routes import backing_of
from dict_rate_limit.contract.problems import ProblemType
from dict_rate_limit.usecases.alert_actions import create_silence, end_silence

SILENCES: Final = ROOT + "/silences"
LARGEST_LIMIT: Final = 1000


@litestar.get(
    SILENCES,
    operation_id="listSilences",
    operation_class=SilencesOperation,
    responses=SILENCES_RESPONSES,
    summary="Silences and maintenance windows",
    tags=["silences"],
)
async def list_silences(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Return the silences that hold or will, the next to end first; with `ended=true` the others, newest first."""
    parts = backing_of(request).acting
    values = parse_query(request.scope["query_string"], ("ended", "limit"))
    most = limit(values, usual=LARGEST_LIMIT, most=LARGEST_LIMIT)
    now = parts.clock.now()
    silences = parts.stores.silences
    ended = one_of(values, "ended", ("true", "false")) == "true"
    found = await (silences.ended(now, limit=most) if ended else silences.current(now, limit=most))
    return document(silence_list(found, now))


@litestar.get(
    SILENCES + "/{silence_id:str}",
    operation_id="getSilence",
    operation_class=SilenceOperation,
    responses=SILENCE_RESPONSES,
    summary="One silence",
    tags=["silences"],
)
async def get_silence(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Return a silence, ended or not."""
    parts = backing_of(request).acting
    parse_query(request.scope["query_string"], ())
    silence_id = identifier("silence_id", request.path_params["silence_id"])
    now = parts.clock.now()
    found = await parts.stores.silences.silence(silence_id)
    if found is None:
        raise ProblemError(ProblemType.SILENCE_NOT_FOUND, f"silence: {silence_id}, expected the id of a silence")
    return document(silence(found, now))


@litestar.post(
    SILENCES,
    operation_id="createSilence",
    operation_class=CreateSilenceOperation,
    responses=CREATE_SILENCE_RESPONSES,
    summary="Silence alerts for a while",
    tags=["silences"],
)
async def new_silence(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Keep people from being told of the alerts that all globs match, until it ends; within its hours if it recurs.

    Alerts open and resolve as ever, and programs that read the topic are told. The actor is the name of the token.
    """
    parts = backing_of(request).acting
    parse_query(request.scope["query_string"], ())
    body = await read_body(request, NewSilence)
    with acting(ProblemType.SILENCE_NOT_FOUND):
        made = await create_silence(
            parts.stores.silences, parts.clock, body.order(actor_of(request), parts.clock.now())
        )
    return document(silence(made, made.created_at), 201, f"{SILENCES}/{made.silence_id}")


@litestar.post(
    SILENCES + "/{silence_id:str}/end",
    status_code=200,
    operation_id="endSilence",
    operation_class=EndSilenceOperation,
    responses=END_SILENCE_RESPONSES,
    summary="End a silence now",
    tags=["silences"],
)
async def finish_silence(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """End a silence that has not ended. The actor is the name of the token."""
    parts = backing_of(request).acting
    parse_query(request.scope["query_string"], ())
    silence_id = identifier("silence_id", request.path_params["silence_id"])
    body = await read_body(request, EndOfSilence)
    with acting(ProblemType.SILENCE_NOT_FOUND):
        ended = await end_silence(parts.stores.silences, parts.clock, silence_id, actor_of(request), body.reason)
    return document(silence(ended, parts.clock.now()))
