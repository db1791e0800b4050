"""What is kept of each request: a count always, a line where somebody may want to read it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from dict_rate_limit.adapters.telemetry.prometheus.http_metrics import Traffic

LIST_PATH: Final = "/api/v1/rate-limit/policies"
ACTING_ROOT: Final = "/api/v1/rate-limit/"
ACTING: Final = frozenset({"alerts", "silences", "explain", "drills", "audit"})
PRINCIPAL: Final = "dict_rate_limit.caller"
"""Where the scope of a request holds the name of whoever asks."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
SLOW_SECONDS: Final = 1.0
FAILURE: Final = 500

_log = logging.getLogger(__name__)


class Requests:
    """Counts every request; tells in one line of those that were slow, failed or meant to change something.

    `every` tells of all: an access log costs two thirds of the throughput, so it is asked for. Whoever answers with a
    reading adds to `reads`, by where it came from.
    """

    def __init__(self, traffic: Traffic, *, every: bool = False) -> None:
        """Take what counts."""
        self._traffic = traffic
        self._every = every
        self._list = traffic.route("policies")
        self.reads = traffic.reads

    def answered_from_memory(self, status: int, seconds: float) -> None:
        """Keep a list that was answered at once."""
        self._list.add("GET", status, seconds)
        if self._every:
            _tell({"method": "GET", "route": "policies", "path": LIST_PATH, "status": status}, seconds)

    def answered(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        """Keep any other request."""
        method, route = scope["method"] if scope["method"] in METHODS else "other", route_of(scope["path"])
        self._traffic.route(route).add(method, status, seconds)
        notable = status >= FAILURE or seconds >= SLOW_SECONDS or method not in SAFE_METHODS
        if self._every or notable:
            facts = {"method": method, "route": route, "path": scope["path"][:200], "status": status}
            _tell({**facts, "actor": scope.get(PRINCIPAL)}, seconds)


def route_of(path: str) -> str:
    """Name the route for the counters; whatever is asked for, there are only these."""
    if path == LIST_PATH:
        return "policies"
    if path.startswith(LIST_PATH + "/"):
        return "policy"
    if path == "/":
        return "page"
    if path.startswith(ACTING_ROOT):
        part = path.removeprefix(ACTING_ROOT).partition("/")[0]
        return part if part in ACTING else "other"
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return first if first in {"static", "schema", "health", "ready"} else "other"


def _tell(facts: dict[str, object], seconds: float) -> None:
    level = logging.ERROR if isinstance(facts["status"], int) and facts["status"] >= FAILURE else logging.INFO
    _log.log(level, "request.answered", extra={**facts, "duration_ms": round(seconds * 1000, 1)})


def span_names(method: str, path: str) -> tuple[str, str] | None:
    """Name the span of a request; None for probes, which would be most of what is seen."""
    route = route_of(path)
    return None if route in {"health", "ready"} else (method if method in METHODS else "_OTHER", route)
