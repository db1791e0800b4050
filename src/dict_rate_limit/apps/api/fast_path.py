"""The request pipeline of the API: host check, access control, metrics, and a fast path for the cached list.

The fast path answers an allowed GET of a cached list before an ASGI scope exists. Other requests continue to the
application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Final, NamedTuple

from dict_rate_limit.apps.api.dependencies import ApiDeps
from dict_rate_limit.apps.api.problems import ProblemError
from dict_rate_limit.apps.api.request_metrics import PRINCIPAL, SAFE_METHODS
from dict_rate_limit.apps.api.response_cache import MEMO_SIZE
from dict_rate_limit.apps.api.security import forbidden, foreign_host, unauthorized
from dict_rate_limit.contract.paths import POLICIES
from dict_rate_limit.contract.problems import MEDIA_TYPE
from dict_rate_limit.domain.access import Role
from dict_rate_limit.ports.cache import CacheStatus
from dict_rate_limit.serving.asgi import ASGIApp, Message, Receive, Scope, Send
from dict_rate_limit.serving.rsgi import RsgiScope, Whole

_Key = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]

OPEN_PATHS: Final = {"/health": "health", "/ready": "ready"}
"""Paths without access control, with their label in the metrics."""


class _CachedResponse(NamedTuple):
    """A response and the monotonic time until which it is valid."""

    until: float
    cache_status: CacheStatus
    whole: Whole


class FastPath:
    """An ASGI application around two others: the API, and the operations endpoints."""

    def __init__(self, app: ASGIApp, deps: ApiDeps, route_of: Callable[[str], str]) -> None:
        self._app = app
        self._operations = deps.operations
        self._access = deps.access
        self._reader = deps.reader
        self._answers = deps.responses
        self._requests = deps.requests
        self._route_of = route_of
        self._reads = deps.requests.reads
        self._now = deps.reader.now
        self._recent: dict[_Key, _CachedResponse] = {}

    def from_cache(self, request: RsgiScope) -> Whole | None:
        """Return the response to an allowed GET of a cached list, else None."""
        if request.path != POLICIES or request.method != "GET":
            return None
        started = perf_counter()
        headers = request.headers
        key = (
            request.query_string,
            tuple(headers.get_all("host")),
            tuple(headers.get_all("authorization")),
            tuple(headers.get_all("if-none-match")),
        )
        cached = self._recent.get(key)
        if cached is None or self._now() >= cached.until:
            cached = self._from_memory(key)
            if cached is None:
                return None
        self._reads[cached.cache_status] += 1
        self._requests.answered_from_memory(cached.whole[0], perf_counter() - started)
        return cached.whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = perf_counter()
        problem = self._denied(scope, *_host_and_token(scope["headers"]))
        await self._dispatch(scope, receive, send, problem, started)

    def _denied(self, scope: Scope, host: bytes | None, authorization: bytes | None) -> ProblemError | None:
        if not self._access.is_allowed_host(host):
            return foreign_host()
        if scope["path"] in OPEN_PATHS:
            return None
        principal = self._access.principal(authorization)
        if principal is None:
            return unauthorized(token_given=authorization is not None)
        scope[PRINCIPAL] = principal.name
        needed = Role.VIEWER if scope["method"] in SAFE_METHODS else Role.OPERATOR
        return None if principal.role.covers(needed) else forbidden(needed)

    def _from_memory(self, key: _Key) -> _CachedResponse | None:
        """Return the response of the cached reading, and store it until token or reading can change."""
        query, host, authorization, if_none_match = key
        principal = (
            self._access.principal(_single(authorization)) if self._access.is_allowed_host(_single(host)) else None
        )
        rendered = self._answers.known(query.encode("latin-1", "replace"))
        if principal is None or rendered is None:
            return None
        reading = self._reader.cached(rendered.participant)
        if reading is None or reading.view is not rendered.view:
            return None
        answer = rendered.answer(reading, _single(if_none_match))
        cached = _CachedResponse(
            until=min(self._access.valid_until(principal), self._reader.cached_until(rendered.participant)),
            cache_status=reading.status,
            whole=(answer.status, answer.text_headers, answer.body),
        )
        if len(self._recent) >= MEMO_SIZE:
            self._recent.clear()
        self._recent[key] = cached
        return cached

    async def _dispatch(
        self, scope: Scope, receive: Receive, send: Send, problem: ProblemError | None, started: float
    ) -> None:
        headless = scope["method"] == "HEAD"
        reply = _Reply(send, headless=headless)
        try:
            if problem is not None:
                await send_problem(reply, problem)
            elif scope["path"] in OPEN_PATHS:
                await self._operations(scope, receive, reply)
            else:
                # The handlers know GET only; the reply drops the body.
                await self._app({**scope, "method": "GET"} if headless else scope, receive, reply)
        finally:
            route = OPEN_PATHS.get(scope["path"]) or self._route_of(scope["path"])
            self._requests.answered(scope, route, reply.status, perf_counter() - started)


class _Reply:
    """Sends messages on, records the status, and removes the body of an answer to HEAD."""

    __slots__ = ("_headless", "_send", "status")

    def __init__(self, send: Send, *, headless: bool) -> None:
        self._send = send
        self._headless = headless
        self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif self._headless:
            message = {**message, "body": b""}
        await self._send(message)


async def send_problem(send: Send, problem: ProblemError) -> None:
    body = problem.body
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *((name.lower().encode(), value.encode()) for name, value in problem.headers),
    ]
    await send({"type": "http.response.start", "status": problem.document.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _single(values: tuple[str, ...]) -> bytes | None:
    # A repeated header is joined, which matches no host and no token.
    return ",".join(values).encode("latin-1", "replace") if values else None


def _host_and_token(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes | None, bytes | None]:
    """Return Host and Authorization. A repeated one is joined, which matches no host and no token."""
    host = authorization = None
    for name, value in headers:
        if name == b"host":
            host = value if host is None else host + b"," + value
        elif name == b"authorization":
            authorization = value if authorization is None else authorization + b"," + value
    return host, authorization
