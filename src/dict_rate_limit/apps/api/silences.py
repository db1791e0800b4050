"""Silences and maintenance windows."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import litestar
from litestar.openapi.spec import Example
from litestar.params import Body, QueryParameter
from litestar.response import Response

from dict_rate_limit.apps.api.dependencies import Actor, Deps
from dict_rate_limit.apps.api.openapi import WRITE, responses
from dict_rate_limit.apps.api.parameters import ALL, Identifier, LimitOfAll
from dict_rate_limit.contract import silences as contract
from dict_rate_limit.contract.paths import SILENCES
from dict_rate_limit.contract.problems import ProblemType
from dict_rate_limit.contract.silences import EndOfSilence, NewSilence, Silence, SilenceList, silence_document
from dict_rate_limit.domain.errors import NotFoundError
from dict_rate_limit.usecases import silences as usecase

_STORE = ProblemType.STORE_UNAVAILABLE
_UNKNOWN = ProblemType.SILENCE_NOT_FOUND


@litestar.get(
    "/silences",
    operation_id="listSilences",
    responses=responses(SilenceList, "The silences", contract.SILENCE_LIST, _STORE),
    summary="List silences and maintenance windows",
    tags=["silences"],
)
async def list_silences(
    deps: Deps,
    ended: Annotated[Literal["false", "true"], QueryParameter()] = "false",
    limit: LimitOfAll = ALL,
) -> SilenceList:
    """Return active and future silences, the next to end first. `ended=true` returns the others, newest first."""
    now = deps.clock.now()
    silences = deps.stores.silences
    found = await (silences.ended(now, limit=limit) if ended == "true" else silences.current(now, limit=limit))
    documents = contract.silence_documents(found, now)
    return SilenceList(silences=documents, total=len(documents))


@litestar.get(
    "/silences/{silence_id:str}",
    operation_id="getSilence",
    responses=responses(Silence, "The silence", contract.SILENCE, _STORE, _UNKNOWN),
    summary="Read one silence",
    tags=["silences"],
)
async def get_silence(deps: Deps, silence_id: Identifier) -> Silence:
    """Return a silence, ended or not."""
    found = await deps.stores.silences.silence(silence_id)
    if found is None:
        message = f"silence: {silence_id}, expected the id of a silence"
        raise NotFoundError(message)
    return silence_document(found, deps.clock.now())


@litestar.post(
    "/silences",
    operation_id="createSilence",
    responses=responses(Silence, "The new silence", contract.SILENCE, _STORE, *WRITE, status=201),
    summary="Create a silence",
    tags=["silences"],
)
async def create_silence(
    deps: Deps,
    actor: Actor,
    data: Annotated[NewSilence, Body(examples=[Example(value=contract.SILENCE_BODY)])],
) -> Response[Silence]:
    """Suppress the notifications of alerts that match all globs, until the end; a recurrence limits it to its hours.

    Alerts still open and resolve, and their events are still published. The actor is the name of the token.
    """
    command = usecase.CreateSilence(
        purpose=data.purpose,
        matchers=data.matchers(),
        starts_at=data.starts_at,
        ends_at=data.end(deps.clock.now()),
        recurrence=None if data.recurrence is None else data.recurrence.to_domain(),
        actor=actor,
        reason=data.reason,
    )
    created = await usecase.create_silence(deps.stores.silences, deps.clock, command)
    location = f"{SILENCES}/{created.silence_id}"
    return Response(silence_document(created, created.created_at), headers={"Location": location})


@litestar.post(
    "/silences/{silence_id:str}/end",
    status_code=200,
    operation_id="endSilence",
    responses=responses(Silence, "The ended silence", contract.ENDED_SILENCE, _STORE, _UNKNOWN, *WRITE),
    summary="End a silence now",
    tags=["silences"],
)
async def end_silence(
    deps: Deps,
    actor: Actor,
    silence_id: Identifier,
    data: Annotated[EndOfSilence, Body(examples=[Example(value=contract.END_BODY)])],
) -> Silence:
    """End a silence that has not ended. The actor is the name of the token."""
    ended = await usecase.end_silence(deps.stores.silences, deps.clock, silence_id, actor, data.reason)
    return silence_document(ended, deps.clock.now())


ROUTES: Final = (list_silences, get_silence, create_silence, end_silence)
