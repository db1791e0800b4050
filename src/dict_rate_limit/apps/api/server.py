"""The API put together from explicit parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from litestar import Litestar
from litestar.datastructures import State

from dict_rate_limit.adapters.operations import serve
from dict_rate_limit.apps.api.answers import Answers
from dict_rate_limit.apps.api.errors import HANDLERS
from dict_rate_limit.apps.api.front import Front
from dict_rate_limit.apps.api.page_routes import page, static
from dict_rate_limit.apps.api.routes import Backing, get_policy, list_policies, schema

if TYPE_CHECKING:
    from dict_rate_limit.adapters.prometheus.traffic import Traffic
    from dict_rate_limit.apps.api.access import Access
    from dict_rate_limit.apps.api.front import ASGIApp
    from dict_rate_limit.ports import Clock, StateStore
    from dict_rate_limit.usecases.read import Reader

__all__ = ["ApiParts", "build", "serve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiParts:
    """Everything the API is made of; `operations` answers /health and /ready."""

    reader: Reader
    store: StateStore
    clock: Clock
    access: Access
    operations: ASGIApp
    traffic: Traffic
    version: str


def build(parts: ApiParts) -> Front:
    """Return the application, door first."""
    answers = Answers()
    backing = Backing(reader=parts.reader, answers=answers, store=parts.store, clock=parts.clock, version=parts.version)
    app = Litestar(
        route_handlers=[list_policies, get_policy, schema, page, static],
        exception_handlers=HANDLERS,
        openapi_config=None,
        state=State({"backing": backing}, deep_copy=False),
        logging_config=None,
    )
    return Front(cast("ASGIApp", app), parts.operations, parts.access, parts.reader, answers, parts.traffic)
