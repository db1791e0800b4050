from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.notify.guarded_http import AddressError, AddressGuard

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERNAL = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 -- an address to refuse
    "255.255.255.255",
    "224.0.0.1",
    "::",
    "::1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:10.1.2.3",
    "::ffff:169.254.169.254",
    "64:ff9b::a01:203",
    "2002:a01:203::1",
]


class Names:
    """Resolves every name to the same addresses and counts the calls."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.addresses


async def refusal(guard: AddressGuard) -> str:
    with pytest.raises(AddressError) as caught:
        await guard.addresses("siem.example", 443)
    return str(caught.value)


@pytest.mark.parametrize("address", INTERNAL)
async def test_an_internal_address_is_rejected(address: str) -> None:
    text = await refusal(AddressGuard(resolve=Names(address)))

    assert "host siem.example: " in text
    assert "NOTIFY_ALLOWED_NETWORKS" in text


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
async def test_a_public_address_passes(address: str) -> None:
    names = Names(address)

    assert await AddressGuard(resolve=names).addresses("siem.example", 8443) == [address]
    assert names.asked == [("siem.example", 8443)]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.1.2.0/24"),
        ("::ffff:10.1.2.3", "10.1.2.0/24"),
        ("fc00::1", "fc00::/64"),
    ],
)
async def test_the_error_names_the_network_to_allow(address: str, network: str) -> None:
    text = await refusal(AddressGuard(resolve=Names(address)))
    passed = await AddressGuard(allowed=(network,), resolve=Names(address)).addresses("siem.example", 443)

    assert f"is in the internal network {network}" in text
    assert passed == [address]


async def test_an_allowed_network_opens_no_other_network() -> None:
    await refusal(AddressGuard(allowed=("10.0.0.0/8", "::1/128"), resolve=Names("192.168.1.1")))


async def test_a_host_with_public_and_internal_addresses_is_rejected() -> None:
    text = await refusal(AddressGuard(resolve=Names("8.8.8.8", "10.1.2.3")))

    assert "10.1.2.3" in text


async def test_addresses_are_tried_once_in_order() -> None:
    names = Names("8.8.8.8", "2001:4860:4860::8888", "8.8.8.8")

    assert await AddressGuard(resolve=names).addresses("siem.example", 443) == ["8.8.8.8", "2001:4860:4860::8888"]


async def test_the_error_names_a_host_without_addresses() -> None:
    assert await refusal(AddressGuard(resolve=Names())) == "host siem.example: no address"


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 64 + ".example"])
async def test_the_error_names_an_unknown_host(host: str) -> None:
    with pytest.raises(AddressError, match=f"host {host}: no address"):
        await AddressGuard().addresses(host, 443)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "localhost"])
async def test_other_spellings_of_loopback_are_rejected(host: str) -> None:
    with pytest.raises(AddressError, match="internal network"):
        await AddressGuard().addresses(host, 80)
