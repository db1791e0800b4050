"""Metrics of every request, and a log line for those that are slow, failed or unsafe."""

from __future__ import annotations

import logging
from collections.abc import Iterable, MutableMapping
from typing import Any, Final

from dict_rate_limit.contract.paths import POLICIES
from dict_rate_limit.ports.telemetry import RequestMetrics

PRINCIPAL: Final = "dict_rate_limit.caller"
"""The key of the token's name in the scope of a request."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
SLOW_SECONDS: Final = 1.0
FAILURE: Final = 500
OTHER: Final = "other"

_log = logging.getLogger(__name__)


class RouteLabels:
    """The metrics' label of a path, derived from the paths of the handlers.

    The label is the last fixed segment of a handler's path: `alerts` for /api/v1/rate-limit/alerts/{alert_id}, unless
    the handler declares another one. The clients' paths cannot add labels.
    """

    def __init__(self, handlers: Iterable[tuple[str, str | None]]) -> None:
        self._exact: dict[str, str] = {}
        self._below: dict[str, str] = {}
        for path, declared in handlers:
            fixed, parameter, _ = path.partition("/{")
            labels = self._below if parameter else self._exact
            # Litestar's own OPTIONS handler of a path declares none, and comes before or after the others
            if declared or fixed not in labels:
                labels[fixed] = declared or fixed.rpartition("/")[2]

    def label(self, path: str) -> str:
        """Return the label; `other` for a path without a handler."""
        found = self._exact.get(path)
        while found is None and path:
            path = path.rpartition("/")[0]
            found = self._below.get(path)
        return OTHER if found is None else found


class Requests:
    """Counts every request and logs the notable ones.

    `every` logs all of them: an access log costs two thirds of the throughput. Handlers add the readings they return
    to `reads`, by where each came from.
    """

    def __init__(self, metrics: RequestMetrics, *, every: bool = False) -> None:
        self._metrics = metrics
        self._every = every
        self._list = metrics.route("policies")
        self.reads = metrics.reads

    def answered_from_memory(self, status: int, seconds: float) -> None:
        """Record a list that the fast path answered."""
        self._list.add("GET", status, seconds)
        if self._every:
            _report({"method": "GET", "route": "policies", "path": POLICIES, "status": status}, seconds)

    def answered(self, scope: MutableMapping[str, Any], route: str, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else OTHER
        self._metrics.route(route).add(method, status, seconds)
        notable = status >= FAILURE or seconds >= SLOW_SECONDS or method not in SAFE_METHODS
        if self._every or notable:
            facts = {"method": method, "route": route, "path": scope["path"][:200], "status": status}
            _report({**facts, "actor": scope.get(PRINCIPAL)}, seconds)


def _report(facts: dict[str, object], seconds: float) -> None:
    level = logging.ERROR if isinstance(facts["status"], int) and facts["status"] >= FAILURE else logging.INFO
    _log.log(level, "request.answered", extra={**facts, "duration_ms": round(seconds * 1000, 1)})
