"""The addresses of the API. The door answers the list from memory; what memory cannot answer comes here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, cast

import litestar
from litestar.response import Response

from dict_rate_limit.apps.api.problem import ProblemError
from dict_rate_limit.apps.api.query import known_participant, list_filters, parse_query, policy_name
from dict_rate_limit.apps.api.request_metrics import LIST_PATH
from dict_rate_limit.apps.api.response_cache import ResponseCache
from dict_rate_limit.apps.api.schema import (
    LIST_RESPONSES,
    POLICY_RESPONSES,
    ListOperation,
    PolicyOperation,
    openapi_document,
)
from dict_rate_limit.contract.problems import ProblemType

if TYPE_CHECKING:
    from collections.abc import Sequence

    import msgspec
    from litestar.handlers import HTTPRouteHandler

    from dict_rate_limit.apps.api.response_cache import Answer
    from dict_rate_limit.ports.clock import Clock
    from dict_rate_limit.ports.stores import Stores
    from dict_rate_limit.usecases.explain import ExplainDeps
    from dict_rate_limit.usecases.readings.reader import Reader
    from dict_rate_limit.usecases.readings.readings import CacheStatus

SCHEMA_MEDIA_TYPE: Final = "application/vnd.oai.openapi+json"


@dataclass(frozen=True, kw_only=True)
class Backing:
    """What the addresses are answered from; `broker`: transitions go to one, else they end in the log.

    `reads` counts the readings that were answered with; `documented` and `bodies` are those of the OpenAPI document.
    """

    reader: Reader
    answers: ResponseCache
    reads: dict[CacheStatus, int]
    stores: Stores
    clock: Clock
    version: str
    broker: bool
    acting: ExplainDeps
    documented: Sequence[HTTPRouteHandler]
    bodies: Sequence[type[msgspec.Struct]]

    @cached_property
    def schema(self) -> bytes:
        """The OpenAPI document, made when first asked for."""
        return openapi_document(self.version, self.documented, self.bodies)


def backing_of(request: litestar.Request[object, object, litestar.datastructures.State]) -> Backing:
    """Return what the application was built with."""
    return cast("Backing", request.app.state.backing)


@litestar.get(
    LIST_PATH,
    operation_id="listPolicies",
    operation_class=ListOperation,
    responses=LIST_RESPONSES,
    summary="Every bucket of a participant",
    tags=["policies"],
)
async def list_policies(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Return the buckets that pass the filters, as of one reading.

    The reading is the last one, at most the cache life old unless X-Cache-Status says STALE. Filters are applied to it
    here: no question costs the source more than another.
    """
    backing = backing_of(request)
    raw_query = request.scope["query_string"]
    filters = list_filters(raw_query, backing.reader.participants)
    reading = await backing.reader.read(filters.participant)
    backing.reads[reading.status] += 1
    rendered = backing.answers.listed(raw_query, filters, reading.view)
    return _response(rendered.answer(reading, _if_none_match(request)))


@litestar.get(
    LIST_PATH + "/{policy:path}",
    operation_id="getPolicy",
    operation_class=PolicyOperation,
    responses=POLICY_RESPONSES,
    summary="One bucket of a participant",
    tags=["policies"],
)
async def get_policy(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Return one bucket from the last reading of the list; it costs the source nothing of its own."""
    backing = backing_of(request)
    name = policy_name(request.scope["path"].removeprefix(LIST_PATH + "/"))
    values = parse_query(request.scope["query_string"], ("participant",))
    participant = known_participant(values.get("participant"), backing.reader.participants)
    reading = await backing.reader.read(participant)
    backing.reads[reading.status] += 1
    rendered = ResponseCache.single(reading.view, name)
    if rendered is None:
        raise ProblemError(ProblemType.POLICY_NOT_FOUND, f"{name} is not in the last reading of {participant}.")
    return _response(rendered.answer(reading, _if_none_match(request)))


@litestar.get("/schema", include_in_schema=False)
async def schema(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Return the OpenAPI document."""
    headers = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(backing_of(request).schema, media_type=SCHEMA_MEDIA_TYPE, headers=headers)


def _if_none_match(request: litestar.Request[object, object, litestar.datastructures.State]) -> bytes | None:
    value = request.headers.get("if-none-match")
    return None if value is None else value.encode("latin-1")


def _response(answer: Answer) -> Response[bytes]:
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    headers.pop("content-length", None)
    return Response(answer.body, status_code=answer.status, media_type=headers.pop("content-type"), headers=headers)
