"""What machines ask of a process, and how a server ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api.world import http_client, serving
from dict_rate_limit.domain.errors import CacheUnavailableError, SchemaError
from dict_rate_limit.serving import granian, operations, readiness
from dict_rate_limit.serving.granian import serve
from dict_rate_limit.serving.operations import OperationsApp
from dict_rate_limit.serving.readiness import Readiness
from samples.readings import FakeClock

if TYPE_CHECKING:
    from dict_rate_limit.serving.asgi import ASGIApp, Receive, Scope, Send


async def fine() -> str:
    return "ok"


async def away() -> str:
    raise CacheUnavailableError


async def old_schema() -> str:
    message = "migration 003 is missing"
    raise SchemaError(message)


async def silent() -> str:
    await asyncio.sleep(3600)
    return "never"


async def metrics() -> bytes:
    return b"answer 42\n"


def ready(**checks: Any) -> Readiness:  # noqa: ANN401 -- each is a Check
    readiness = Readiness(checks, FakeClock().monotonic)
    readiness.start()
    return readiness


async def asked(app: ASGIApp, path: str) -> httpx.Response:
    async with serving(app) as url, http_client(url) as client:
        return await client.get(path)


async def test_a_running_process_is_healthy_despite_failing_checks() -> None:
    answer = await asked(OperationsApp(Readiness({"postgresql": old_schema}, FakeClock().monotonic)), "/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_the_state_of_other_components_does_not_affect_readiness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "CHECK_TIMEOUT_SEC", 0.01)
    answer = await asked(OperationsApp(ready(postgresql=fine, redis=away, source=silent)), "/ready")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "postgresql": "ok",
        "redis": "unavailable",
        "source": "unavailable",
    }


async def test_an_incompatible_schema_makes_a_process_unready() -> None:
    answer = await asked(OperationsApp(ready(postgresql=old_schema, redis=fine)), "/ready")

    assert answer.status_code == 503
    assert answer.json() == {"status": "schema", "postgresql": "migration 003 is missing", "redis": "ok"}


async def test_ready_is_between_starting_and_draining() -> None:
    clock = FakeClock()
    readiness = Readiness({"postgresql": fine}, clock.monotonic)
    reports = [await readiness.report()]
    readiness.start()
    reports.append(await readiness.report())
    readiness.drain()
    reports.append(await readiness.report())

    assert [(ready, parts["status"]) for ready, parts in reports] == [
        (False, "starting"),
        (True, "ready"),
        (False, "draining"),
    ]


async def test_checks_run_at_most_once_a_second() -> None:
    clock, asked_times = FakeClock(), []

    async def counted() -> str:
        asked_times.append(clock.monotonic())
        await asyncio.sleep(0)
        return "ok"

    readiness = Readiness({"redis": counted}, clock.monotonic)
    readiness.start()
    reports = await asyncio.gather(*(readiness.report() for _ in range(5)))
    clock.advance(0.9)
    await readiness.report()
    clock.advance(0.1)
    await readiness.report()

    assert asked_times == [0.0, 1.0]
    assert all(ready for ready, _ in reports)


async def test_metrics_have_the_prometheus_text_format() -> None:
    answer = await asked(OperationsApp(ready(), metrics), "/metrics")

    assert (answer.status_code, answer.text) == (200, "answer 42\n")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize("path", ["/metrics", "/", "/nope"])
async def test_other_paths_are_404(path: str) -> None:
    assert (await asked(OperationsApp(ready()), path)).status_code == 404


async def test_only_get_and_head_are_allowed() -> None:
    async with serving(OperationsApp(ready())) as url, http_client(url) as client:
        answers = [await client.request(method, "/health") for method in ("HEAD", "POST")]

    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b""), (405, b"")]


async def test_other_asgi_scopes_are_ignored() -> None:
    sent: list[object] = []

    async def send(message: object) -> None:
        sent.append(message)

    await OperationsApp(ready())({"type": "lifespan"}, metrics, send)  # type: ignore[arg-type] # receives nothing

    assert sent == []


class SlowApp:
    """Answers on demand."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        self.asked.set()
        await self.go.wait()
        await operations.respond(send, 200, b"late", b"text/plain")


async def test_running_requests_complete_before_the_shutdown() -> None:
    app = SlowApp()
    async with http_client("") as client:
        async with serving(app) as url:
            waiting = asyncio.create_task(client.get(url))
            await app.asked.wait()
            asyncio.get_running_loop().call_later(0.05, app.go.set)

        assert (await waiting).text == "late"


async def test_the_shutdown_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(granian, "DRAIN_TIMEOUT_SEC", 0.05)
    app = SlowApp()
    async with asyncio.timeout(5), serving(app) as url, http_client(url) as client:
        waiting = asyncio.create_task(client.get("/"))
        await app.asked.wait()
    app.go.set()

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_an_idle_connection_does_not_delay_the_shutdown() -> None:
    async with asyncio.timeout(5), http_client("") as client, serving(OperationsApp(ready())) as url:
        answer = await client.get(f"{url}/health")

    assert answer.status_code == 200


async def test_a_used_port_is_an_error() -> None:
    async with serving(OperationsApp(ready())) as url:
        port = httpx.URL(url).port
        assert port is not None
        with pytest.raises(OSError, match="in use"):
            await serve(OperationsApp(ready()), "127.0.0.1", port, asyncio.Event())


async def test_a_released_port_can_be_bound_again() -> None:
    async with serving(OperationsApp(ready())) as url, http_client(url) as client:
        await client.get("/health")

    async with serving(OperationsApp(ready()), port=httpx.URL(url).port) as again, http_client(again) as client:
        assert (await client.get("/health")).status_code == 200


async def test_ipv6_can_be_bound() -> None:
    async with serving(OperationsApp(ready()), "::1") as url, http_client(url) as client:
        assert (await client.get("/health")).status_code == 200
