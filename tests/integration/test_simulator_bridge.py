from __future__ import annotations

import asyncio
import signal
import socket
from typing import TYPE_CHECKING

import grpc
import pytest

from bridge_server import LOOPBACK, Authority, bridge_source, fake_bridge, port_of
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.domain.errors import Outcome, SettingsError
from dict_rate_limit.proto import methods
from dict_rate_limit.simulator.bridge import ServerTls
from dict_rate_limit.simulator.main import Simulation, run, simulate, simulated_bridge

if TYPE_CHECKING:
    from pathlib import Path

CLOCK = SystemClock()
PATIENCE = 20.0


async def ask(address: str, method: str, request: bytes, *metadata: tuple[str, str]) -> grpc.StatusCode:
    async with grpc.aio.insecure_channel(address) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(methods.path(method))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(request, metadata=metadata, timeout=PATIENCE)
    return caught.value.code()


@pytest.mark.parametrize(
    "named",
    [
        ((methods.PARTICIPANT_KEY, "default"),),
        ((methods.PARTICIPANT_KEY, "0000abcd"),),
        ((methods.PARTICIPANT_KEY, ""),),
        ((methods.PARTICIPANT_KEY, "00000001"), (methods.PARTICIPANT_KEY, "00000002")),
    ],
)
async def test_an_invalid_participant_is_an_invalid_argument(named: tuple[tuple[str, str], ...]) -> None:
    async with fake_bridge() as (_, address):
        code = await ask(address, methods.LIST_METHOD, b"", *named)

    assert code is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_invalid_request_is_an_invalid_argument() -> None:
    async with fake_bridge() as (_, address):
        code = await ask(address, methods.READ_METHOD, b"\xff\xff")

    assert code is grpc.StatusCode.INVALID_ARGUMENT


async def test_other_operations_are_unimplemented() -> None:
    async with fake_bridge() as (_, address):
        code = await ask(address, "DeleteEverything", b"")

    assert code is grpc.StatusCode.UNIMPLEMENTED


async def test_a_second_simulator_on_the_port_fails() -> None:
    async with fake_bridge() as (_, address):
        with pytest.raises(SettingsError, match=f"cannot listen on {address}"):
            async with fake_bridge(port=port_of(address)):
                pass


async def test_missing_tls_files_are_named(tmp_path: Path) -> None:
    tls = ServerTls(cert_file=tmp_path / "no.crt", key_file=tmp_path / "no.key")

    with pytest.raises(SettingsError, match=r"no\.key"):
        async with fake_bridge(tls=tls):
            pass


async def test_without_a_client_ca_any_tls_client_is_accepted(tmp_path: Path) -> None:
    ours = Authority(tmp_path, name="ours")
    full = ours.server()
    tls = ServerTls(cert_file=full.cert_file, key_file=full.key_file)
    files = ours.client()
    async with fake_bridge(tls=tls) as (_, address):
        credentials = grpc.ssl_channel_credentials(files.ca_file.read_bytes())
        async with grpc.aio.secure_channel(address, credentials) as channel:
            call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                methods.path(methods.LIST_METHOD)
            )
            body = await call(b"", timeout=PATIENCE)

    assert b"KEYS_CHECK" in body


def has_ipv6_loopback() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6_loopback(), reason="this machine has no IPv6 loopback")
async def test_an_ipv6_address_is_served() -> None:
    async with simulated_bridge(Simulation(host="::1"), CLOCK) as address, bridge_source(address) as source:
        snapshot = await source.list_policies("default")

    assert snapshot.outcome is Outcome.OK


async def test_a_simulation_shows_its_faults_from_the_start() -> None:
    simulation = Simulation(scenario="still", faults=("empty",))
    async with simulated_bridge(simulation, CLOCK) as address, bridge_source(address) as source:
        snapshot = await source.list_policies("default")

    assert snapshot.outcome is Outcome.EMPTY


async def test_a_fast_simulation_runs_ahead_of_the_clock() -> None:
    simulation = Simulation(scenario="still", speed=1000)
    async with simulated_bridge(simulation, CLOCK) as address, bridge_source(address) as source:
        await asyncio.sleep(0.05)
        snapshot = await source.list_policies("default")

    assert snapshot.response_time is not None
    assert snapshot.response_time > snapshot.received_at


async def test_a_simulation_serves_its_participants() -> None:
    simulation = Simulation(participants=("00000001", "00000002"))
    async with simulated_bridge(simulation, CLOCK) as address, bridge_source(address) as source:
        snapshots = [await source.list_policies(name) for name in simulation.participants]

    assert [len(snapshot.buckets) for snapshot in snapshots] == [29, 29]


@pytest.mark.parametrize(
    ("simulation", "message"),
    [
        (Simulation(scenario="rainy"), "scenario: 'rainy', expected one of lively, "),
        (Simulation(faults=("broken",)), "fault: 'broken', expected one of unavailable, "),
        (Simulation(speed=0), "speed: 0, expected more than 0"),
        (Simulation(speed=float("nan")), "speed: nan, expected more than 0"),
    ],
)
async def test_an_invalid_simulation_lists_the_valid_values(simulation: Simulation, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        async with simulated_bridge(simulation, CLOCK):
            pass


async def test_a_run_reports_its_address_and_stops_on_request() -> None:
    lines: asyncio.Queue[str] = asyncio.Queue()
    stop = asyncio.Event()
    running = asyncio.create_task(run(Simulation(scenario="calm-day"), CLOCK, lines.put_nowait, stop))
    async with asyncio.timeout(PATIENCE):
        line = await lines.get()
        stop.set()
        await running

    assert line.startswith(f"simulated DICT on {LOOPBACK}:")
    assert "calm-day" in line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_simulator_cleanly(number: signal.Signals) -> None:
    lines: list[str] = []

    def report(line: str) -> None:
        lines.append(line)
        signal.raise_signal(number)

    simulate(Simulation(), CLOCK, report)

    assert lines[0].startswith("simulated DICT on")
