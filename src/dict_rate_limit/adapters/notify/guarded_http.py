"""HTTP calls to guarded addresses: no redirects, no proxies, limited time and body size."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, cast

import httpx

from dict_rate_limit.ports.telemetry import NULL_TRACER, Component, Span, Tracer

SETTING: Final = "NOTIFY_ALLOWED_NETWORKS"

_Address = IPv4Address | IPv6Address

_NAT64: Final = ip_network("64:ff9b::/96")
_SITE_LOCAL: Final = ip_network("fec0::/10")


MAX_BODY_BYTES: Final = 1024
# The status is known by then. The body only explains it.
BODY_TIMEOUT_SEC: Final = 1.0
_AGENT: Final = "dict-rate-limit"
_PORTS: Final = {"http": 80, "https": 443}


class AddressError(Exception):
    """The host may not be called, or has no address. The text gives the reason."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host name as text. Raises OSError if it has none, or the look-up failed."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressGuard:
    """Accepts public addresses and those inside `allowed` (networks in CIDR notation)."""

    allowed: tuple[str, ...] = ()
    resolve: Callable[[str, int], Awaitable[Sequence[str]]] = resolve

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, all checked, in the order to try them, or raise AddressError."""
        try:
            found = list(dict.fromkeys(await self.resolve(host, port)))
        # The resolver raises UnicodeError for a malformed name.
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            message = f"host {host}: no address ({reason or 'not a host name'})"
            raise AddressError(message) from error
        for text in found:
            self._check(host, ip_address(text))
        if not found:
            message = f"host {host}: no address"
            raise AddressError(message)
        return found

    def _check(self, host: str, address: _Address) -> None:
        networks = [ip_network(text) for text in self.allowed]
        for one in _effective_addresses(address):
            if _public(one) or any(one in network for network in networks):
                continue
            network = ip_network((one.packed, 24 if one.version == 4 else 64), strict=False)  # noqa: PLR2004 -- IPv4
            message = f"host {host}: {one} is in the internal network {network}; to allow it, add that to {SETTING}"
            raise AddressError(message)


def _public(address: _Address) -> bool:
    return address.is_global and not address.is_multicast and address not in _SITE_LOCAL


def _effective_addresses(address: _Address) -> Iterable[_Address]:
    """Return the addresses that routers reach by this one: IPv6 may embed an IPv4 address."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address, address.sixtofour]
    if address in _NAT64:
        return [IPv4Address(address.packed[-4:])]
    return [address]


class CallError(Exception):
    """There is no answer. The text gives the reason and names only the host of the URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """An answer: status, reason phrase, and the beginning of the body if the status is an error."""

    status: int
    phrase: str
    body: str

    @property
    def ok(self) -> bool:
        return httpx.codes.is_success(self.status)

    def __str__(self) -> str:
        first = f"HTTP {self.status} {self.phrase}".rstrip()
        if httpx.codes.is_redirect(self.status):
            return f"{first}: redirects are not followed, name the final address"
        return f"{first}: {self.body}" if self.body else first


class GuardedHttp:
    """Calls http and https URLs whose addresses the guard accepts.

    Trusts the certificate authorities of the system and of httpx, unless `trust` is given. Each call is a span, which
    names only the host of the URL.
    """

    def __init__(self, guard: AddressGuard, trust: ssl.SSLContext | None = None, tracer: Tracer = NULL_TRACER) -> None:
        self._guard = guard
        self._trust = trust
        self._tracer = tracer

    async def call(
        self,
        method: str,
        url: str,
        *,
        timeout_sec: float,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> HttpReply:
        """Call once. `timeout_sec` includes the name look-up and the connection.

        Raises:
            CallError: no answer: rejected by the guard, unreachable, timed out, or not HTTP.
        """
        target = _target(url)
        with self._begin_span(method, target) as span:
            reply = await self._call_with_timeout(
                method, target, timeout_sec, content, {**(headers or {}), **span.trace_headers}
            )
            span.end(None if reply.ok else str(reply.status))
        return reply

    async def _call_with_timeout(
        self, method: str, target: httpx.URL, timeout_sec: float, content: bytes, headers: Mapping[str, str]
    ) -> HttpReply:
        try:
            async with asyncio.timeout(timeout_sec):
                return await self._call(method, target, timeout_sec, content, headers)
        except AddressError as error:
            raise CallError(str(error)) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            message = f"no answer within {timeout_sec:g} s"
            raise CallError(message) from error
        except (httpx.HTTPError, OSError) as error:
            raise CallError(_reason(error)) from error

    async def _call(
        self, method: str, target: httpx.URL, timeout_sec: float, content: bytes, headers: Mapping[str, str]
    ) -> HttpReply:
        host = target.raw_host.decode("ascii")
        *others, last = await self._guard.addresses(host, target.port or _PORTS[target.scheme])
        # Every address gets an equal share of the time to connect.
        limits = httpx.Timeout(None, connect=timeout_sec / (len(others) + 1))
        own = {"Host": target.netloc.decode("ascii"), "User-Agent": _AGENT, "Accept-Encoding": "identity"}
        async with httpx.AsyncClient(verify=self._ssl_context(), trust_env=False, timeout=limits) as client:

            async def to(address: str) -> HttpReply:
                request = client.build_request(
                    method,
                    target.copy_with(host=address),
                    content=content,
                    headers={**own, **headers},
                    extensions={"sni_hostname": host},
                )
                return await _reply(await client.send(request, stream=True))

            for address in others:
                with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                    return await to(address)
            return await to(last)

    def _begin_span(self, method: str, target: httpx.URL) -> Span:
        attributes = {"http.request.method": method, "server.address": target.host}
        return self._tracer.begin(Component.CHANNEL, method, attributes)

    def _ssl_context(self) -> ssl.SSLContext:
        if self._trust is None:
            self._trust = httpx.create_ssl_context(trust_env=False)
            self._trust.load_default_certs()
        return self._trust


def _target(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        target = httpx.URL()
    if target.scheme not in _PORTS or not target.host:
        message = "url: expected http://host/path or https://host/path"
        raise CallError(message)
    return target


async def _reply(response: httpx.Response) -> HttpReply:
    body = b""
    if not response.is_success:
        # Without the body, the status says enough.
        with suppress(TimeoutError, httpx.HTTPError):
            raw = cast("AsyncGenerator[bytes, None]", response.aiter_raw())
            async with asyncio.timeout(BODY_TIMEOUT_SEC), aclosing(raw) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) >= MAX_BODY_BYTES:
                        break
    await response.aclose()
    text = body[:MAX_BODY_BYTES].decode("utf-8", errors="replace")
    return HttpReply(status=response.status_code, phrase=response.reason_phrase, body=text)


def _reason(error: BaseException) -> str:
    """Return the system's error text. The libraries report only that "all connection attempts failed"."""
    if isinstance(error, httpx.RemoteProtocolError):
        return f"no HTTP answer: {error}"
    cause: BaseException | None = error
    text = str(error)
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"certificate rejected: {cause.verify_message}"
        if isinstance(cause, OSError) and cause.errno is not None:
            text = os.strerror(cause.errno)
        cause = cause.__cause__ or cause.__context__
    return f"cannot connect: {text}" if isinstance(error, httpx.ConnectError) else text or type(error).__name__
