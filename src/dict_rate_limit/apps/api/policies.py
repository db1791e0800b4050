"""The buckets of a participant. The fast path answers the list when it is cached; other requests arrive here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import litestar
from litestar.params import QueryParameter
from litestar.response import Response

from dict_rate_limit.apps.api.dependencies import Deps
from dict_rate_limit.apps.api.openapi import not_modified, responses
from dict_rate_limit.apps.api.parameters import MILLIONTHS, Participant, Percent, PolicyName
from dict_rate_limit.apps.api.problems import ProblemError
from dict_rate_limit.apps.api.response_cache import Answer, ResponseCache
from dict_rate_limit.contract import policies as contract
from dict_rate_limit.contract.policies import PolicyDetail, PolicyList
from dict_rate_limit.contract.problems import ProblemType
from dict_rate_limit.domain.alerts.state import EvaluatedBucket
from dict_rate_limit.domain.buckets.level import Level
from dict_rate_limit.usecases.readings.entry import View

AnyRequest = litestar.Request[object, object, litestar.datastructures.State]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The filters of the list; None = no filter. `min_utilization` in millionths of a percent."""

    category: str | None = None
    min_utilization: int | None = None
    status: Level | None = None

    def selected(self, view: View) -> tuple[EvaluatedBucket, ...]:
        """Return the buckets that pass; a bucket of unknown utilization passes no `min_utilization`."""
        if self.category is not None and view.snapshot.category != self.category:
            return ()
        return tuple(evaluated for evaluated in view.buckets if self._passes(evaluated))

    def _passes(self, evaluated: EvaluatedBucket) -> bool:
        if self.status is not None and evaluated.level is not self.status:
            return False
        if self.min_utilization is None:
            return True
        used = evaluated.bucket.utilization_basis_points
        return used is not None and used * (MILLIONTHS // 100) >= self.min_utilization


@litestar.get(
    "/policies",
    operation_id="listPolicies",
    responses={
        **responses(PolicyList, "The list", contract.POLICY_LIST, ProblemType.BRIDGE_UNAVAILABLE),
        304: not_modified(),
    },
    summary="List the buckets of a participant",
    tags=["policies"],
)
async def list_policies(
    deps: Deps,
    request: AnyRequest,
    category: Annotated[
        Literal["A", "B", "C", "D", "E", "F", "G", "H"] | None,
        QueryParameter(description="Only if the participant is in this category."),
    ] = None,
    min_utilization: Annotated[
        Percent | None,
        QueryParameter(
            description="Only buckets with at least this percentage used; a bucket without a capacity has none.",
            schema_extra={"type": "number", "minimum": 0, "maximum": 100},
        ),
    ] = None,
    status: Annotated[Level | None, QueryParameter(description="Only buckets at this level.")] = None,
    participant: Participant = None,
) -> Response[bytes]:
    """Return the buckets of one reading that pass the filters.

    The reading is the last one, within the cache TTL unless X-Cache-Status is STALE. The API applies the filters, so
    no query costs the source more than another.
    """
    filters = Filters(category=category, min_utilization=min_utilization, status=status)
    reading = await deps.read(deps.participant(participant))
    rendered = deps.responses.listed(request.scope["query_string"], reading.view, filters.selected)
    return _response(rendered.answer(reading, _if_none_match(request)))


@litestar.get(
    "/policies/{policy:path}",
    operation_id="getPolicy",
    responses={
        **responses(
            PolicyDetail,
            "The policy",
            contract.POLICY_DETAIL,
            ProblemType.BRIDGE_UNAVAILABLE,
            ProblemType.POLICY_NOT_FOUND,
        ),
        304: not_modified(),
    },
    summary="Read one bucket of a participant",
    tags=["policies"],
    opt={"route": "policy"},
)
async def get_policy(
    deps: Deps, request: AnyRequest, policy: PolicyName, participant: Participant = None
) -> Response[bytes]:
    """Return one bucket of the last reading of the list, without a call of its own to the source."""
    name = deps.participant(participant)
    reading = await deps.read(name)
    rendered = ResponseCache.single(reading.view, policy)
    if rendered is None:
        raise ProblemError(ProblemType.POLICY_NOT_FOUND, f"{policy} is not in the last reading of {name}.")
    return _response(rendered.answer(reading, _if_none_match(request)))


def _if_none_match(request: AnyRequest) -> bytes | None:
    value = request.headers.get("if-none-match")
    return None if value is None else value.encode("latin-1")


def _response(answer: Answer) -> Response[bytes]:
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    headers.pop("content-length", None)
    return Response(answer.body, status_code=answer.status, media_type=headers.pop("content-type"), headers=headers)


ROUTES: Final = (list_policies, get_policy)
