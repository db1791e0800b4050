"""What a server hands over that is no ordinary request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from litestar.exceptions import HTTPException
from litestar.testing import RequestFactory

from api.world import World
from dict_rate_limit.apps.api.problems import problem_response

if TYPE_CHECKING:
    from dict_rate_limit.serving.asgi import Message


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
async def test_only_http_is_answered(kind: str) -> None:
    said: list[Message] = []

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        said.append(message)

    await World().app()({"type": kind}, receive, send)

    assert said == []


@pytest.mark.parametrize(
    ("status", "kind"), [(413, b"body-too-large"), (418, b"invalid-request"), (502, b"internal-error")]
)
def test_an_error_of_the_framework_becomes_a_problem_document(status: int, kind: bytes) -> None:
    error = HTTPException("library talk", status_code=status)

    response = problem_response(RequestFactory().get("/"), error)

    assert kind in response.content
    assert b"library talk" not in response.content
