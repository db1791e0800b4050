"""Which addresses a URL of the configuration may lead to: public ones, and networks that are allowed by name.

A name is resolved here, and whoever connects uses the very address that was checked: a second look-up could give
another one (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SETTING: Final = "NOTIFY_ALLOWED_NETWORKS"

_Address = IPv4Address | IPv6Address

_NAT64: Final = ip_network("64:ff9b::/96")
_SITE_LOCAL: Final = ip_network("fec0::/10")


class AddressError(Exception):
    """The host may not be called, or has no address; the text says why."""


class Resolve(Protocol):
    """Looks a host up."""

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return its addresses as text.

        Raises:
            OSError: it has none, or nobody can tell.
        """


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressGuard:
    """Lets through what is public or inside `allowed` (networks in CIDR form)."""

    allowed: tuple[str, ...] = ()
    resolve: Resolve = resolve

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, all checked, in the order to try them.

        Raises:
            AddressError: it has none, or one of them is internal: a host of both kinds is a trap.
        """
        try:
            found = list(dict.fromkeys(await self.resolve(host, port)))
        except (OSError, UnicodeError) as error:  # an impossible name is a UnicodeError
            reason = error.strerror if isinstance(error, OSError) else None
            message = f"host {host}: no address ({reason or 'not a name'})"
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
            message = f"host {host}: {one} lies in the internal network {network}; to allow it, add that to {SETTING}"
            raise AddressError(message)


def _public(address: _Address) -> bool:
    return address.is_global and not address.is_multicast and address not in _SITE_LOCAL


def _effective_addresses(address: _Address) -> Iterable[_Address]:
    """Return the address, or the IPv4 address that routers would take out of it."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address, address.sixtofour]
    if address in _NAT64:
        return [IPv4Address(address.packed[-4:])]
    return [address]
