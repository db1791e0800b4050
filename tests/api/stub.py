"""An HTTP server on a free port with configurable responses, for commands that call the API."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(kw_only=True)
class ApiStub:
    """The response to send, and the requests received as (path with query, headers)."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def api_stub() -> Iterator[ApiStub]:
    stub = ApiStub(body=listing(), headers={"X-Cache-Status": "HIT"})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stub.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(stub.status)
            for name, value in stub.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(stub.body)))
            self.end_headers()
            self.wfile.write(stub.body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def policy(name: str, available: int, capacity: int, status: str, **other: object) -> dict[str, object]:
    used = None if capacity == 0 else round(100 - 100 * max(0, min(available, capacity)) / capacity, 2)
    return {
        "policy_name": name,
        "participant": "12345678",
        "category": "C",
        "capacity_max": capacity,
        "refill_tokens": 10,
        "refill_period_sec": 60,
        "available_tokens": available,
        "utilization_pct": used,
        "status": status,
        "exhausted": capacity > 0 >= available,
        "enabled": True,
    } | other


def listing(*policies: dict[str, object], age_seconds: int = 4) -> bytes:
    shown = policies or (
        policy("INFRACTION_REPORTS_LIST_WITHOUT_ROLE", 50, 50, "OK"),
        policy("POLICIES_LIST", 18, 20, "OK"),
        policy("REFUNDS_WRITE", 72000, 72000, "OK"),
        policy("ENTRIES_WRITE", 36400, 36000, "OK"),
        policy("KEYS_CHECK", -15, 70, "CRITICAL"),
        policy("CLAIMS_LIST_WITHOUT_ROLE", 1, 50, "CRITICAL"),
        policy("ENTRIES_READ_PARTICIPANT_ANTISCAN", 7000, 30000, "WARNING"),
        policy("ENTRIES_STATISTICS_READ", 0, 0, "UNKNOWN"),
        policy("EVENT_LIST", 3, 200, "CRITICAL", enabled=False),
    )
    document = {"policies": shown, "total": len(shown), "participant": "12345678", "category": "C"}
    return json.dumps(document | {"age_seconds": age_seconds, "cached": True, "cache_expires_in": 56}).encode()
