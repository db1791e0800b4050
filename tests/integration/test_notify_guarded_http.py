from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from dict_rate_limit.adapters.notify.guarded_http import AddressGuard, CallError, GuardedHttp
from http_receiver import answer, http_receiver
from notifier_harness import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

SIEM = "siem.example"


def resolving(*addresses: str) -> AddressGuard:
    """Allow this machine, and let every name lead to these addresses."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        assert (host, port > 0) == (SIEM, True)
        return addresses

    return AddressGuard(allowed=LOOPBACK, resolve=resolve)


async def failure(http: GuardedHttp, url: str, timeout_sec: float = 20.0) -> str:
    with pytest.raises(CallError) as caught:
        await http.call("GET", url, timeout_sec=timeout_sec)
    return str(caught.value)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def server_side(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def client_side(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_the_connection_uses_the_checked_address_and_the_host_name() -> None:
    async with http_receiver() as receiver:
        reply = await GuardedHttp(resolving("127.0.0.1")).call("GET", receiver.url("/x?y=1", host=SIEM), timeout_sec=20)

        assert reply.ok
        assert (receiver.requests[0].path, receiver.requests[0].headers["host"]) == (
            "/x?y=1",
            f"{SIEM}:{receiver.port}",
        )


async def test_a_certificate_is_verified_for_the_host_name(authority: trustme.CA) -> None:
    async with http_receiver(server_side(authority, SIEM)) as receiver:
        http = GuardedHttp(resolving("127.0.0.1"), client_side(authority))

        reply = await http.call("GET", receiver.url(host=SIEM), timeout_sec=20)

        assert reply.ok


async def test_a_certificate_of_another_name_is_rejected(authority: trustme.CA) -> None:
    async with http_receiver(server_side(authority, "other.example")) as receiver:
        http = GuardedHttp(resolving("127.0.0.1"), client_side(authority))

        text = await failure(http, receiver.url("/t0ken", host=SIEM))

        assert "certificate rejected: Hostname mismatch" in text
        assert "t0ken" not in text
        assert receiver.requests == []


async def test_a_certificate_of_an_unknown_authority_is_rejected(authority: trustme.CA) -> None:
    async with http_receiver(server_side(authority, SIEM)) as receiver:
        text = await failure(GuardedHttp(resolving("127.0.0.1")), receiver.url(host=SIEM))

        assert text.startswith("certificate rejected: ")


async def test_the_next_address_is_tried_after_a_refused_connection() -> None:
    async with http_receiver() as receiver:
        http = GuardedHttp(resolving("127.0.0.77", "127.0.0.1"))

        reply = await http.call("GET", receiver.url(host=SIEM), timeout_sec=20)

        assert reply.ok


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with http_receiver() as receiver:
        reply = await GuardedHttp(resolving("127.0.0.1")).call("GET", receiver.url(host=SIEM), timeout_sec=20)

        assert reply.ok


async def test_a_timeout_is_reported_with_its_duration() -> None:
    async with http_receiver() as receiver:
        receiver.answers = lambda _: None

        assert await failure(GuardedHttp(resolving("127.0.0.1")), receiver.url(host=SIEM), 0.5) == (
            "no answer within 0.5 s"
        )


async def test_a_closed_connection_is_reported() -> None:
    async with http_receiver() as receiver:
        receiver.answers = lambda _: b""

        text = await failure(GuardedHttp(resolving("127.0.0.1")), receiver.url(host=SIEM))

        assert text.startswith("no HTTP answer: ")


@pytest.mark.parametrize("url", ["ftp://siem.example/t0ken", "https://", "t0ken", "http://ex\x00ample/t0ken"])
async def test_a_url_that_is_not_http_is_rejected(url: str) -> None:
    assert await failure(GuardedHttp(AddressGuard()), url) == "url: expected http://host/path or https://host/path"


async def test_a_redirect_is_not_followed() -> None:
    async with http_receiver() as receiver, http_receiver() as elsewhere:
        receiver.answers = lambda _: answer("302 Found", b"", f"Location: {elsewhere.url()}")

        reply = await GuardedHttp(resolving("127.0.0.1")).call("GET", receiver.url(host=SIEM), timeout_sec=20)

        assert (reply.ok, elsewhere.requests) == (False, [])
        assert str(reply) == "HTTP 302 Found: redirects are not followed, name the final address"


async def test_only_the_start_of_a_long_body_is_read() -> None:
    async with http_receiver() as receiver:
        receiver.answers = lambda _: answer("500 Oh no", b"x" * 2_000_000)

        reply = await GuardedHttp(resolving("127.0.0.1")).call("GET", receiver.url(host=SIEM), timeout_sec=20)

        assert len(reply.body) == 1024
