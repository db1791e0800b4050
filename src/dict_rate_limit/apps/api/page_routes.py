"""The addresses for people: the page and what it is dressed with."""

from __future__ import annotations

import re
from typing import Final

import litestar
from litestar.response import Response

from dict_rate_limit.apps.api.dependencies import ApiDeps, Deps
from dict_rate_limit.apps.api.page.model import OverviewModel
from dict_rate_limit.apps.api.page.render import HEADERS, assets, render_overview
from dict_rate_limit.apps.api.parameters import parse_query
from dict_rate_limit.apps.api.problems import ProblemError
from dict_rate_limit.apps.api.response_cache import matches
from dict_rate_limit.contract.problems import ProblemType
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.texts.catalog import CATALOGS
from dict_rate_limit.usecases.overview import Overview, overview

REFRESH_SECONDS: Final = 10
PAGE_PARAMETERS: Final = ("participant", "lang", "refresh")
YEAR: Final = 31_536_000

_BY_TAG: Final = {"pt": Language.PT, "en": Language.EN}
_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", re.ASCII)
_LONGEST_HEADER: Final = 1_000


@litestar.get("/", include_in_schema=False, opt={"route": "page"})
async def page(deps: Deps, request: litestar.Request[object, object, litestar.datastructures.State]) -> Response[bytes]:
    """Return the overview, worst first, in the reader's language. With `refresh=0` it does not refresh."""
    values = parse_query(request.scope["query_string"], PAGE_PARAMETERS)
    participant = deps.participant(values.get("participant"))
    seen = await overview(deps, participant)
    if seen.reading is not None:
        deps.requests.reads[seen.reading.status] += 1
    language = choose_language(values.get("lang"), request.headers.get("accept-language"))
    refresh = 0 if values.get("refresh") == "0" else REFRESH_SECONDS
    body = render_overview(_model(seen, refresh, deps), language)
    return Response(body, headers={**HEADERS, "Content-Language": CATALOGS[language].tag})


@litestar.get("/static/{name:str}", include_in_schema=False)
async def static(
    request: litestar.Request[object, object, litestar.datastructures.State],
) -> Response[bytes]:
    """Return a style or a picture. Its address changes with its content, so clients may cache it for a year."""
    asset = assets().get(request.path_params["name"])
    if asset is None:
        raise ProblemError(ProblemType.NOT_FOUND, "No such file.")
    kept = matches(request.headers.get("if-none-match", "").encode("latin-1"), asset.etag.encode())
    headers = {
        "Content-Type": asset.media_type,
        "ETag": asset.etag,
        "Cache-Control": f"private, max-age={YEAR}, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'",
    }
    body, status = (b"", 304) if kept else (asset.body, 200)
    return Response(body, status_code=status, headers=headers)


def choose_language(asked: str | None, accept_language: str | None) -> Language:
    """Choose by `?lang=`, then by the Accept-Language header, else Portuguese; what cannot be read is skipped."""
    if asked is not None and asked[:2].lower() in _BY_TAG:
        return _BY_TAG[asked[:2].lower()]
    wanted: dict[Language, float] = {}
    for item in (accept_language or "")[:_LONGEST_HEADER].split(","):
        match = _RANGE.fullmatch(item)
        language = _BY_TAG.get(match[1].lower()) if match else None
        if match and language:
            wanted[language] = max(wanted.get(language, 0), float(match[2] or 1))
    best = max(wanted, key=lambda language: wanted[language], default=Language.PT)
    return best if wanted.get(best) else Language.PT


def _model(seen: Overview, refresh: int, deps: ApiDeps) -> OverviewModel:
    view = None if seen.reading is None else seen.reading.view
    stored = seen.stored
    return OverviewModel(
        participant=seen.participant,
        participants=tuple(seen.participants),
        buckets=() if view is None else view.buckets,
        age_seconds=None if view is None else max(0.0, (seen.now - view.fetched_at).total_seconds()),
        checked_at=None if view is None else view.snapshot.checked_at,
        cache_status=None if seen.reading is None else seen.reading.status.value,
        alerts=None if stored is None else tuple(stored.alerts),
        silences=None if stored is None else tuple(stored.silences),
        backlog=None if stored is None else stored.backlog,
        broker=deps.broker,
        rejected=0 if view is None else len(view.snapshot.rejected),
        category="" if view is None else view.snapshot.category,
        now=seen.now,
        refresh_seconds=refresh,
        version=deps.version,
        last_outcome=None if stored is None else stored.last_outcome,
    )
