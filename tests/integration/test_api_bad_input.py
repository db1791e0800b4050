"""Malformed requests, over a real socket, byte for byte."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from api.world import World, serving
from dict_rate_limit.domain.access import Role
from dict_rate_limit.usecases.readings.reader import Reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dict_rate_limit.usecases.readings.entry import Reading

LIST = "/api/v1/rate-limit/policies"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serving(World().app()) as url:
        yield url


async def ask(url: str, target: str, method: str = "GET", *headers: str) -> tuple[int, dict[str, object]]:
    """Send a request line that no client library would let through; return the status and the problem."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    lines = [f"{method} {target} HTTP/1.1", f"Host: {place.netloc}", "Connection: close", *headers]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    if b"application/problem+json" not in head:
        return int(head.split()[1]), {}
    problem: dict[str, object] = json.loads(body)
    assert problem["status"] == int(head.split()[1])
    assert set(problem) <= {"type", "title", "status", "detail", "parameter"}
    return int(head.split()[1]), problem


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("min_utilization=nan", "min_utilization"),
        ("min_utilization=inf", "min_utilization"),
        ("min_utilization=-1", "min_utilization"),
        ("min_utilization=101", "min_utilization"),
        ("min_utilization=100.000001", "min_utilization"),
        ("min_utilization=1e1", "min_utilization"),
        ("min_utilization=1_0", "min_utilization"),
        ("min_utilization=%201", "min_utilization"),
        ("min_utilization=%D9%A3", "min_utilization"),
        ("min_utilization=", "min_utilization"),
        ("category=Z", "category"),
        ("category=a", "category"),
        ("category=AB", "category"),
        ("category=", "category"),
        ("status=ok", "status"),
        ("status=BAD", "status"),
        ("status=OK&status=OK", "status"),
        ("status=OK&status=", "status"),
        ("participant=00000000", "participant"),
        ("participant=", "participant"),
        ("participant=%00", "participant"),
        ("page=2", "page"),
        ("Status=OK", "Status"),
        ("status", "status"),
        ("%3Cscript%3E=1", "<script>"),
        ("a" * 100 + "=1", "a" * 40 + "…"),
    ],
)
async def test_an_unknown_parameter_is_rejected_by_name(url: str, query: str, parameter: str) -> None:
    status, problem = await ask(url, f"{LIST}?{query}")

    assert (status, problem["type"], problem["parameter"]) == (400, "invalid-parameter", parameter)


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("min_utilization=nan", "min_utilization: 'nan', expected a number from 0 to 100, at most six decimals"),
        ("category=Z", "category: 'Z', expected A, B, C, D, E, F, G, H"),
        ("status=b%0Aad", "status: 'b\\nad', expected OK, WARNING, CRITICAL, UNKNOWN"),
        ("category=" + "z" * 900, f"category: '{'z' * 40}...', expected A, B, C, D, E, F, G, H"),
        ("participant=x%C3%A9", "participant: 'x\\xe9', expected a configured participant"),
    ],
)
async def test_a_rejection_names_parameter_value_and_expectation(url: str, query: str, detail: str) -> None:
    _, problem = await ask(url, f"{LIST}?{query}")

    assert problem["detail"] == detail


@pytest.mark.parametrize("query", ["status=%FF", "%FF=1", "x" * 1001, "min_utilization=" + "1" * 10_000])
async def test_an_unreadable_query_is_rejected(url: str, query: str) -> None:
    status, problem = await ask(url, f"{LIST}?{query}")

    assert (status, problem["type"]) == (400, "invalid-parameter")


@pytest.mark.parametrize(
    "name",
    [
        "../etc/passwd",
        "..%2F..%2Fetc%2Fpasswd",
        "CLAIMS_READ%00",
        "%00",
        "claims_read",
        "CLAIMS-READ",
        "A" * 101,
        "A" * 10_240,
        "%FF",
        "CLAIMS%20READ",
        "CLAIMS_READ%0A",
        "%C3%89",
        "CLAIMS_READ/x",
        "{policy}",
    ],
)
async def test_an_invalid_policy_name_is_rejected(url: str, name: str) -> None:
    status, problem = await ask(url, f"{LIST}/{name}")

    assert (status, problem["type"], problem["parameter"]) == (400, "invalid-parameter", "policy")


async def test_an_unknown_policy_is_404(url: str) -> None:
    status, problem = await ask(url, f"{LIST}/" + "A" * 100)

    assert (status, problem["type"]) == (404, "policy-not-found")


async def test_a_single_policy_takes_no_filters(url: str) -> None:
    status, problem = await ask(url, f"{LIST}/CLAIMS_READ?status=OK")

    assert (status, problem["parameter"]) == (400, "status")


@pytest.mark.parametrize("target", ["/nope", "/api", "/api/v1/rate-limit", "/schema/openapi.json", "/static/x", "/.."])
async def test_an_unknown_path_is_a_problem_document(url: str, target: str) -> None:
    status, problem = await ask(url, target)

    assert (status, problem["type"]) == (404, "not-found")


async def test_an_unsupported_method_lists_the_allowed_ones() -> None:
    world = World()
    world.anonymous = Role.OPERATOR
    async with world.client() as client:
        answer = await client.post(LIST, content=b"x" * 10_000)

    assert (answer.status_code, answer.json()["type"]) == (405, "method-not-allowed")
    assert "GET" in answer.headers["Allow"]


class BrokenReader(Reader):
    """Fails with an internal error."""

    async def read(self, participant: str) -> Reading:
        message = f"secret of {participant}"
        raise RuntimeError(message)


async def test_an_internal_error_leaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    reader = world.reader()
    reader.__class__ = BrokenReader
    async with world.client(world.app(reader)) as client:
        answer = await client.get(LIST)

    assert (answer.status_code, answer.json()["type"]) == (500, "internal-error")
    assert "secret" not in answer.text
    assert "request.broke" in caplog.text


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
)
async def test_invalid_http_ends_only_the_connection(url: str, data: bytes) -> None:
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(data)
    writer.write_eof()
    await reader.read()
    writer.close()

    assert (await ask(url, "/health"))[0] == 200
