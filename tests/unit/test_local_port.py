from __future__ import annotations

import socket

import pytest

from dict_rate_limit.apps.local.port import PORTS, free_port, require_free_port
from dict_rate_limit.apps.local.process import EmbeddedError


def test_a_free_port_is_accepted() -> None:
    port = free_port()

    require_free_port("127.0.0.1", port, "PORT")

    with socket.socket() as later:  # the look left nothing behind
        later.bind(("127.0.0.1", port))


def test_a_used_port_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    free = free_port()
    with socket.create_server(("127.0.0.1", free_port())) as server:
        taken: int = server.getsockname()[1]
        drawn = iter([taken, taken, free])
        monkeypatch.setattr("secrets.choice", lambda _: next(drawn))

        chosen = free_port()

    assert (chosen, taken in PORTS) == (free, True)


def test_the_search_ends_when_no_port_can_be_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dict_rate_limit.apps.local.port.LOOPBACK", "192.0.2.1")

    with pytest.raises(OSError, match="Cannot assign requested address"):
        free_port()


def test_the_error_for_a_used_port_has_a_hint() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(EmbeddedError, match=rf"^port {port} on 127\.0\.0\.1 is taken: stop .*, or set PORT to "):
            require_free_port("127.0.0.1", port, "PORT")


def test_a_port_with_reuse_counts_as_used() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()

        with pytest.raises(EmbeddedError, match="is taken"):
            require_free_port("127.0.0.1", server.getsockname()[1], "PORT")


def test_the_error_for_a_foreign_address_has_the_reason() -> None:
    with pytest.raises(EmbeddedError, match=r"cannot be used \(Cannot assign requested address\): set PORT or HOST"):
        require_free_port("192.0.2.1", 8080, "PORT")


def test_the_error_for_a_host_without_addresses_has_the_reason() -> None:
    with pytest.raises(EmbeddedError, match=r"^port 8080 on no such host cannot be used \(\w"):
        require_free_port("no such host", 8080, "PORT")
