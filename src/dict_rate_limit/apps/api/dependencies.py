"""The dependencies of the handlers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from dict_rate_limit.apps.api.problems import invalid, quoted
from dict_rate_limit.apps.api.request_metrics import PRINCIPAL, Requests
from dict_rate_limit.apps.api.response_cache import ResponseCache
from dict_rate_limit.apps.api.security import AccessControl
from dict_rate_limit.serving.asgi import ASGIApp
from dict_rate_limit.usecases.explain import ExplainDeps
from dict_rate_limit.usecases.overview import OverviewDeps
from dict_rate_limit.usecases.readings.entry import Reading

if TYPE_CHECKING:
    from litestar import Request
    from litestar.datastructures import State

PARTICIPANT: Final = "participant"


@dataclass(frozen=True, kw_only=True)
class ApiDeps(ExplainDeps, OverviewDeps):
    """Everything the API uses. `operations` answers /health and /ready. `broker`: transitions go to a broker."""

    access: AccessControl
    operations: ASGIApp
    requests: Requests
    version: str
    broker: bool
    responses: ResponseCache = field(default_factory=ResponseCache)

    def participant(self, name: str | None) -> str:
        """Return a configured participant, by default the first.

        Raises:
            ProblemError: it is not configured.
        """
        # Others are never looked up: each would cost memory and tokens.
        participants = self.reader.participants
        if name is None:
            return participants[0]
        if name not in participants:
            reason = f"{quoted(name)}, expected a configured participant"
            raise invalid(PARTICIPANT, reason)
        return name

    async def read(self, participant: str) -> Reading:
        """Return the newest reading and count where it came from.

        Raises:
            NoReadingError: there is none.
        """
        reading = await self.reader.read(participant)
        self.requests.reads[reading.status] += 1
        return reading


def actor_of(request: Request[object, object, State]) -> str:
    """Return the name of the token. Nothing in the request can claim another one."""
    return cast("str", cast("dict[str, object]", request.scope)[PRINCIPAL])


Deps = NamedDependency[SkipValidation[ApiDeps]]
Actor = NamedDependency[SkipValidation[str]]
