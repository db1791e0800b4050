from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.apps.local import temporal, valkey
from dict_rate_limit.apps.local.port import LOOPBACK, free_port
from dict_rate_limit.apps.local.process import EmbeddedError

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def taken() -> socket.socket:
    return socket.create_server((LOOPBACK, 0))


def hand_out(monkeypatch: pytest.MonkeyPatch, module: ModuleType, *ports: int) -> None:
    """Let the first looks for a free port find these."""
    left = list(ports)
    monkeypatch.setattr(module, "free_port", lambda: left.pop(0) if left else free_port())


async def test_valkey_chooses_another_port_after_a_conflict(
    monkeypatch: pytest.MonkeyPatch, data_folder: Path, taken: socket.socket
) -> None:
    with taken:
        hand_out(monkeypatch, valkey, taken.getsockname()[1])

        async with valkey.embedded_valkey(data_folder) as address:
            assert address != f"{LOOPBACK}:{taken.getsockname()[1]}"


async def test_temporal_chooses_other_ports_after_a_conflict(
    monkeypatch: pytest.MonkeyPatch, data_folder: Path, taken: socket.socket
) -> None:
    with taken:
        hand_out(monkeypatch, temporal, free_port(), taken.getsockname()[1])

        async with temporal.embedded_temporal(data_folder) as address:
            assert address != f"{LOOPBACK}:{taken.getsockname()[1]}"


async def test_a_port_that_is_always_used_is_an_error(
    monkeypatch: pytest.MonkeyPatch, data_folder: Path, taken: socket.socket
) -> None:
    with taken:
        hand_out(monkeypatch, valkey, *[taken.getsockname()[1]] * 3)

        with pytest.raises(EmbeddedError, match="Valkey did not start"):
            async with valkey.embedded_valkey(data_folder):
                pass
