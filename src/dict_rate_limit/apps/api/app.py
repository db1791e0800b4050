"""The API: its routes behind the request pipeline."""

from __future__ import annotations

from functools import cache
from typing import Final, cast

import litestar
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.response import Response
from litestar.routes import HTTPRoute

from dict_rate_limit.apps.api import alerts, audit, drills, explain, policies, silences
from dict_rate_limit.apps.api.bodies import ApiRequest, require_json
from dict_rate_limit.apps.api.dependencies import ApiDeps, Deps, actor_of
from dict_rate_limit.apps.api.fast_path import OPEN_PATHS, FastPath
from dict_rate_limit.apps.api.openapi import SCHEMA_MEDIA_TYPE, openapi_document
from dict_rate_limit.apps.api.page_routes import page, static
from dict_rate_limit.apps.api.parameters import DECODERS, strict_query
from dict_rate_limit.apps.api.problems import HANDLERS, LARGEST_BODY
from dict_rate_limit.apps.api.request_metrics import METHODS, RouteLabels
from dict_rate_limit.contract.paths import ROOT
from dict_rate_limit.serving.asgi import ASGIApp

_UNCACHED: Final = (*alerts.ROUTES, *silences.ROUTES, *explain.ROUTES, *drills.ROUTES, *audit.ROUTES)
_NO_STORE: Final = {"Cache-Control": "no-store", "Vary": "Authorization", "X-Content-Type-Options": "nosniff"}


@litestar.get("/schema", include_in_schema=False)
async def schema(deps: Deps) -> Response[bytes]:
    """Return the OpenAPI document."""
    headers = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(api_schema(deps.version), media_type=SCHEMA_MEDIA_TYPE, headers=headers)


@cache
def api_schema(version: str) -> bytes:
    """Return the OpenAPI document of this API."""
    return openapi_document(version, _api())


def route_of(path: str) -> str:
    """Return the metrics' label of a path."""
    return _ROUTES.label(path)


def span_names(method: str, path: str) -> tuple[str, str] | None:
    """Name the span of a request; None for probes, which would be most of the spans."""
    return None if path in OPEN_PATHS else (method if method in METHODS else "_OTHER", route_of(path))


def build(deps: ApiDeps) -> FastPath:
    app = Litestar(
        route_handlers=[_api(), *_PAGES],
        dependencies={"deps": Provide(lambda: deps, sync_to_thread=False)},
        exception_handlers=HANDLERS,
        openapi_config=None,
        logging_config=None,
        request_max_body_size=LARGEST_BODY,
    )
    return FastPath(cast("ASGIApp", app), deps, route_of)


def _api() -> Router:
    uncached = Router("/", route_handlers=_UNCACHED, response_headers=_NO_STORE)
    return Router(
        ROOT,
        route_handlers=[*policies.ROUTES, uncached],
        dependencies={"actor": Provide(actor_of, sync_to_thread=False)},
        guards=[strict_query, require_json],
        request_class=ApiRequest,
        type_decoders=DECODERS,
    )


_PAGES: Final = (schema, page, static)
_ROUTES: Final = RouteLabels(
    (route.path, handler.opt.get("route"))
    for route in Router("/", route_handlers=[_api(), *_PAGES]).routes
    if isinstance(route, HTTPRoute)
    for handler in route.route_handlers
)
