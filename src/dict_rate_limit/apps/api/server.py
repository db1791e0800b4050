"""The API put together from explicit parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from litestar import Litestar
from litestar.datastructures import State

from dict_rate_limit.apps.api.acting_explain_routes import explain_policy, get_drill, new_drill
from dict_rate_limit.apps.api.acting_routes import acknowledge_alert, get_alert, list_alerts, list_audit
from dict_rate_limit.apps.api.acting_schema import BODIES
from dict_rate_limit.apps.api.acting_silence_routes import finish_silence, get_silence, list_silences, new_silence
from dict_rate_limit.apps.api.errors import HANDLERS, LARGEST_BODY
from dict_rate_limit.apps.api.fast_path import FastPath
from dict_rate_limit.apps.api.page_routes import page, static
from dict_rate_limit.apps.api.response_cache import ResponseCache
from dict_rate_limit.apps.api.routes import Backing, get_policy, list_policies, schema

if TYPE_CHECKING:
    from dict_rate_limit.apps.api.access import Access
    from dict_rate_limit.apps.api.request_metrics import Requests
    from dict_rate_limit.ports.clock import Clock
    from dict_rate_limit.ports.stores import Stores
    from dict_rate_limit.serving.asgi import ASGIApp
    from dict_rate_limit.usecases.explain import ExplainDeps
    from dict_rate_limit.usecases.readings.reader import Reader


ACTING: Final = (
    list_alerts,
    get_alert,
    acknowledge_alert,
    list_silences,
    get_silence,
    new_silence,
    finish_silence,
    explain_policy,
    new_drill,
    get_drill,
    list_audit,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDeps:
    """Everything the API is made of; `operations` answers /health and /ready. `broker`: transitions go to one."""

    reader: Reader
    stores: Stores
    clock: Clock
    access: Access
    operations: ASGIApp
    requests: Requests
    version: str
    broker: bool
    acting: ExplainDeps


def build(parts: ApiDeps) -> FastPath:
    """Return the application, door first."""
    answers = ResponseCache()
    documented = [list_policies, get_policy, *ACTING]
    backing = Backing(
        reader=parts.reader,
        answers=answers,
        reads=parts.requests.reads,
        stores=parts.stores,
        clock=parts.clock,
        version=parts.version,
        broker=parts.broker,
        acting=parts.acting,
        documented=documented,
        bodies=BODIES,
    )
    app = Litestar(
        route_handlers=[*documented, schema, page, static],
        exception_handlers=HANDLERS,
        openapi_config=None,
        state=State({"backing": backing}, deep_copy=False),
        logging_config=None,
        request_max_body_size=LARGEST_BODY,
    )
    return FastPath(cast("ASGIApp", app), parts.operations, parts.access, parts.reader, answers, parts.requests)
