"""An ASGI application behind the server's own interface, as a client sees it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from api.world import http_client, serving
from dict_rate_limit.serving.rsgi import RsgiApp

if TYPE_CHECKING:
    from dict_rate_limit.serving.asgi import ASGIApp, Receive, Scope, Send
    from dict_rate_limit.serving.rsgi import RsgiScope, Whole


def never(_: RsgiScope) -> Whole | None:
    return None


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Say what came."""
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    headers = b";".join(name + b"=" + value for name, value in scope["headers"] if name.startswith(b"x-"))
    text = b"|".join(
        [
            scope["method"].encode(),
            scope["path"].encode(),
            scope["query_string"],
            headers,
            body,
            scope["client"][0].encode(),
        ]
    )
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-said", b"yes")]})
    await send({"type": "http.response.body", "body": text})


async def test_request_and_response_are_passed_on_completely() -> None:
    async with serving(RsgiApp(echo, never)) as url, http_client(url) as client:
        answer = await client.post("/a%2Fb?q=%C3%A9&b=1", content=b"abc", headers=[("X-A", "1"), ("X-A", "2")])

    assert (answer.status_code, answer.headers["x-said"]) == (201, "yes")
    assert answer.content == b"POST|/a/b|q=%C3%A9&b=1|x-a=1;x-a=2|abc|127.0.0.1"


async def test_a_large_body_arrives_in_chunks_and_is_complete() -> None:
    async with serving(RsgiApp(echo, never)) as url, http_client(url) as client:
        answer = await client.post("/", content=b"x" * 1_000_000)

    assert len(answer.content) == 1_000_000 + len("POST|/|||") + len("|127.0.0.1")


async def test_a_cached_response_does_not_reach_the_application() -> None:
    def quick(request: RsgiScope) -> Whole | None:
        return (200, [("x-quick", "1")], b"at once") if request.path == "/quick" else None

    async with serving(RsgiApp(echo, quick)) as url, http_client(url) as client:
        quick_answer, slow_answer = await client.get("/quick"), await client.get("/slow")

    assert (quick_answer.content, quick_answer.headers["x-quick"]) == (b"at once", "1")
    assert slow_answer.content == b"GET|/slow||||127.0.0.1"


async def test_a_response_may_have_several_chunks() -> None:
    async def parts(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"one ", b"two ", b""):
            await send({"type": "http.response.body", "body": part, "more_body": part != b""})

    async with serving(RsgiApp(parts, never)) as url, http_client(url) as client:
        answer = await client.get("/")

    assert answer.content == b"one two "


async def test_the_application_gets_the_disconnect_of_the_client() -> None:
    gone = asyncio.Event()

    async def waiting(_: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()

    async with serving(RsgiApp(waiting, never)) as url, http_client(url) as client:
        async with client.stream("GET", "/") as answer:
            await anext(answer.aiter_bytes())
        async with asyncio.timeout(10):
            await gone.wait()


@pytest.mark.parametrize("app", [echo], ids=["rsgi"])
async def test_a_stopping_server_completes_running_requests(app: ASGIApp) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await go_on.wait()
        await app(scope, receive, send)

    async with serving(RsgiApp(slow, never)) as url, http_client(url) as client:
        asking = asyncio.create_task(client.get("/"))
        await begun.wait()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
        answer = await asking

    assert answer.status_code == 201
