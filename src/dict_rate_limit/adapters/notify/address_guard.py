"""Which addresses configured URLs may reach: public ones, and allowed networks.

The caller must connect to the address that was checked here. A second look-up could return another one (DNS
rebinding).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, Protocol

SETTING: Final = "NOTIFY_ALLOWED_NETWORKS"

_Address = IPv4Address | IPv6Address

_NAT64: Final = ip_network("64:ff9b::/96")
_SITE_LOCAL: Final = ip_network("fec0::/10")


class AddressError(Exception):
    """The host may not be called, or has no address. The text gives the reason."""


class Resolve(Protocol):
    """Resolves a host name."""

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return its addresses as text.

        Raises:
            OSError: it has none, or the look-up failed.
        """


async def resolve(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressGuard:
    """Accepts public addresses and those inside `allowed` (networks in CIDR notation)."""

    allowed: tuple[str, ...] = ()
    resolve: Resolve = resolve

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, all checked, in the order to try them.

        Raises:
            AddressError: it has none, or any of them is internal.
        """
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
