"""Access of requests to the API."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from api.world import World
from dict_rate_limit.domain.access import Role, new_token_line
from log_lines import log_lines

if TYPE_CHECKING:
    from pathlib import Path

LIST = "/api/v1/rate-limit/policies"


def write(path: Path, *lines: str) -> None:
    path.write_text("\n".join(lines))


def disguise(path: Path, *, in_place: bool) -> None:
    """Replace the viewer's token; size and mtime stay the same, and with `in_place` the inode too."""
    before = path.stat()
    target = path if in_place else path.with_name("replacement")
    target.write_text(path.read_text().replace(sha256(b"view").hexdigest(), sha256(b"swap").hexdigest()))
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    target.replace(path)


def move(path: Path, target: Path) -> None:
    path.rename(target)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    lines = [
        "# made for a test",
        new_token_line("reader", Role.VIEWER, None, "view"),
        new_token_line("writer", Role.OPERATOR, None, "operate"),
        f"old:viewer:{sha256(b'old').hexdigest()}:2026-11-22",
    ]
    write(path, *lines)
    return path


@pytest.fixture
def world(tokens: Path) -> World:
    world = World()
    world.tokens_path = tokens
    world.anonymous = None
    world.loopback = False
    return world


@pytest.mark.parametrize("path", [LIST, f"{LIST}/CLAIMS_READ", "/", "/schema", "/static/base.css", "/nope"])
async def test_without_a_token_every_route_is_401_with_a_hint(world: World, path: str) -> None:
    async with world.client() as client:
        answer = await client.get(path)

    assert (answer.status_code, answer.json()["type"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="dict-rate-limit"'
    assert "dict-rate-limit tokens create" in answer.json()["detail"]


async def test_without_a_tokens_file_the_response_is_the_same(world: World) -> None:
    world.tokens_path = None
    async with world.client() as client:
        answers = [await client.get(LIST), await client.get(LIST, headers=bearer("view"))]

    assert [answer.status_code for answer in answers] == [401, 401]


@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_probes_and_metrics_need_no_token(world: World, path: str) -> None:
    async with world.client() as client:
        assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize("token", ["view", "operate", " view"])
async def test_a_valid_token_is_accepted(world: World, token: str) -> None:
    async with world.client() as client:
        first = await client.get(LIST, headers=bearer(token))
        from_memory = await client.get(LIST, headers=bearer(token))

    assert (first.status_code, from_memory.status_code) == (200, 200)


@pytest.mark.parametrize(
    "authorization",
    ["Bearer nobody", "Bearer old", "Bearer", "Basic dmlldzp2aWV3", "view", "", "Bearer " + "x" * 5000],
)
@pytest.mark.parametrize("anonymous", [None, Role.VIEWER])
async def test_an_invalid_token_is_rejected_where_none_is_needed(
    world: World, authorization: str, anonymous: Role | None
) -> None:
    world.anonymous = anonymous
    async with world.client() as client:
        answer = await client.get(LIST, headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_two_tokens_are_rejected(world: World) -> None:
    async with world.client() as client:
        answer = await client.get(LIST, headers=[("Authorization", "Bearer view"), ("Authorization", "Bearer view")])

    assert answer.status_code == 401


async def test_the_scheme_is_case_insensitive(world: World) -> None:
    async with world.client() as client:
        assert (await client.get(LIST, headers={"Authorization": "bEARER view"})).status_code == 200


async def test_a_cached_response_is_not_sent_to_other_callers(world: World) -> None:
    async with world.client() as client:
        await client.get(LIST, headers=bearer("view"))

        assert (await client.get(LIST)).status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
async def test_every_write_needs_an_operator(world: World, method: str) -> None:
    async with world.client() as client:
        viewer = await client.request(method, LIST, headers=bearer("view"))
        operator = await client.request(method, LIST, headers=bearer("operate"))

    assert (viewer.status_code, viewer.json()["type"]) == (403, "forbidden")
    assert (operator.status_code, operator.json()["type"]) == (405, "method-not-allowed")


async def test_a_caller_without_a_token_can_only_read(world: World) -> None:
    world.anonymous = Role.VIEWER
    async with world.client() as client:
        answers = [await client.get(LIST), await client.post(LIST)]

    assert [answer.status_code for answer in answers] == [200, 403]


async def test_a_token_expires_after_its_last_day(world: World, tokens: Path) -> None:
    write(tokens, f"x:viewer:{sha256(b'x').hexdigest()}:2026-11-23")
    async with world.client() as client:
        on_the_day = await client.get(LIST, headers=bearer("x"))
        world.clock.advance(12 * 3600)
        after = await client.get(LIST, headers=bearer("x"))

    assert (on_the_day.status_code, after.status_code) == (200, 401)


async def test_a_token_expires_exactly_for_cached_responses(world: World, tokens: Path) -> None:
    write(tokens, f"x:viewer:{sha256(b'x').hexdigest()}:2026-11-23")
    async with world.client() as client:
        await client.get(LIST, headers=bearer("x"))
        world.clock.advance(12 * 3600 - 0.25)
        answers = [await client.get(LIST, headers=bearer("x")) for _ in range(3)]
        world.clock.advance(0.25)
        after = await client.get(LIST, headers=bearer("x"))

    assert [answer.status_code for answer in (*answers, after)] == [200, 200, 200, 401]


async def test_a_repeated_request_with_another_token_has_another_caller(world: World) -> None:
    async with world.client() as client:
        for _ in range(3):
            await client.get(LIST, headers=bearer("view"))
        others = [await client.get(LIST, headers=headers) for headers in (bearer("nobody"), {})]

    assert [answer.status_code for answer in others] == [401, 401]


async def test_a_changed_file_is_reloaded_within_a_second(world: World, tokens: Path) -> None:
    async with world.client() as client:
        await client.get(LIST, headers=bearer("view"))
        write(tokens, new_token_line("new", Role.VIEWER, None, "new"))
        world.clock.advance(1)

        answers = [await client.get(LIST, headers=bearer(token)) for token in ("view", "new")]

    assert [answer.status_code for answer in answers] == [401, 200]


@pytest.mark.parametrize("in_place", [False, True])
async def test_a_changed_file_of_equal_size_and_time_is_reloaded(world: World, tokens: Path, *, in_place: bool) -> None:
    async with world.client() as client:
        await client.get(LIST, headers=bearer("view"))
        disguise(tokens, in_place=in_place)
        world.clock.advance(1)

        answer = await client.get(LIST, headers=bearer("view"))

    assert answer.status_code == 401


async def test_a_missing_file_rejects_and_a_restored_one_accepts(
    world: World, tokens: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = tokens.with_name("away")
    told = []
    async with world.client() as client:
        for step in (None, (tokens, away), None, (away, tokens)):
            if step:
                move(*step)
            world.clock.advance(1)
            told.append((await client.get(LIST, headers=bearer("view"))).status_code)

    assert told == [200, 401, 401, 200]
    lost = "tokens_file.unreadable error=No such file or directory"
    assert [line for line in log_lines(caplog) if line.startswith("tokens_file")] == [lost]


async def test_an_invalid_line_is_logged_by_number_without_its_content(
    world: World, tokens: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tokens, "s3cret-pasted-here", new_token_line("good", Role.VIEWER, None, "good"))
    async with world.client() as client:
        answer = await client.get(LIST, headers=bearer("good"))

    assert answer.status_code == 200
    assert "tokens_file.rejected problem=line 1" in log_lines(caplog)[0]
    assert "s3cret" not in str(log_lines(caplog))


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:9"])
async def test_bound_to_loopback_local_host_names_are_accepted(world: World, host: str) -> None:
    world.loopback, world.anonymous = True, Role.VIEWER
    async with world.client() as client:
        assert (await client.get(LIST, headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:x", "::1", ""],
)
@pytest.mark.parametrize("path", [LIST, "/", "/health"])
async def test_bound_to_loopback_a_foreign_host_is_rejected(world: World, host: str, path: str) -> None:
    world.loopback, world.anonymous = True, Role.VIEWER
    async with world.client() as client:
        await client.get(LIST)
        answer = await client.get(path, headers={"Host": host})

    assert (answer.status_code, answer.json()["type"]) == (403, "forbidden")


async def test_bound_elsewhere_any_host_is_accepted(world: World) -> None:
    async with world.client() as client:
        answer = await client.get(LIST, headers={"Host": "dict-api.lbpay.com", **bearer("view")})

    assert answer.status_code == 200
