"""Bridges for tests: the simulator, and one with configurable responses."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
import trustme

from dict_rate_limit.adapters.bridge.channel import TlsFiles
from dict_rate_limit.adapters.bridge.source import BridgeSource
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.ports.telemetry import NULL_METRICS
from dict_rate_limit.proto import methods
from dict_rate_limit.simulator.bridge import ServerTls, VirtualClock, _credentials, serve_bridge
from dict_rate_limit.simulator.fake_dict import FakeDict, World
from dict_rate_limit.simulator.scenario import scenario_named

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import pytest

    from dict_rate_limit.ports.telemetry import Metrics

    Context = grpc.aio.ServicerContext[bytes, bytes]

LOOPBACK = "127.0.0.1"


def problems(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the log lines of the source, in order."""
    return [vars(record)["problem"] for record in caplog.records if record.getMessage() == "bridge.problem"]


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


@asynccontextmanager
async def fake_bridge(
    *,
    participants: Sequence[str] = ("default",),
    slow_sec: float = 0.1,
    port: int = 0,
    tls: ServerTls | None = None,
) -> AsyncIterator[tuple[FakeDict, str]]:
    """Serve the scenario `still`. Yields the DICT, to inject faults, and the address."""
    timeline = VirtualClock(SystemClock())
    fake = FakeDict(
        World(
            scenario=scenario_named("still"),
            start=timeline.start,
            participants=participants,
            slow_sec=slow_sec,
        )
    )
    async with serve_bridge(fake, timeline, host=LOOPBACK, port=port, tls=tls) as address:
        yield fake, address


@asynccontextmanager
async def bridge_source(
    address: str,
    *,
    tls: TlsFiles | None = None,
    deadline: float = 10.0,
    metrics: Metrics = NULL_METRICS,
) -> AsyncIterator[BridgeSource]:
    source = BridgeSource(address, clock=SystemClock(), tls=tls, deadline=deadline, metrics=metrics)
    try:
        yield source
    finally:
        await source.close()


@dataclass(kw_only=True)
class OddBridge:
    """A Bridge that gives every call the same response once `gate` is open, and records the callers."""

    body: bytes = b""
    code: grpc.StatusCode = grpc.StatusCode.OK
    detail: str = ""
    trailing: tuple[tuple[str, str], ...] = ()
    metadata: list[dict[str, str]] = field(default_factory=list)
    peers: set[str] = field(default_factory=set)
    gate: asyncio.Event | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, _request: bytes, context: Context) -> bytes:
        self.metadata.append({key: str(value) for key, value in context.invocation_metadata() or ()})
        self.peers.add(context.peer())
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.code is not grpc.StatusCode.OK:
            await context.abort(self.code, self.detail, self.trailing)
        context.set_trailing_metadata(self.trailing)
        return self.body

    @asynccontextmanager
    async def serve(self, tls: ServerTls | None = None) -> AsyncIterator[str]:
        server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(self.answer)
        handlers = {methods.LIST_METHOD: handler, methods.READ_METHOD: handler}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(methods.SERVICE, handlers),))
        wanted = f"{LOOPBACK}:0"
        port = server.add_secure_port(wanted, _credentials(tls)) if tls else server.add_insecure_port(wanted)
        await server.start()
        try:
            yield f"{LOOPBACK}:{port}"
        finally:
            await server.stop(grace=None)


class Authority:
    """A certificate authority with the files of both sides in one folder."""

    def __init__(self, folder: Path, *, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._name = name
        self._ca = trustme.CA(organization_name=name)

    def server(self, *, host: str = LOOPBACK, not_after: datetime | None = None) -> ServerTls:
        """Write the files of a server of this authority that accepts clients of this authority."""
        files = self._write(f"{self._name}-server", self._ca.issue_cert(host, not_after=not_after))
        return ServerTls(cert_file=files.cert_file, key_file=files.key_file, client_ca_file=files.ca_file)

    def client(self, name: str = "client") -> TlsFiles:
        """Write the files of a client, replacing existing ones."""
        return self._write(name, self._ca.issue_cert("dict-rate-limit@example.com"))

    def _write(self, name: str, leaf: trustme.LeafCert) -> TlsFiles:
        files = TlsFiles(
            cert_file=self._folder / f"{name}.crt",
            key_file=self._folder / f"{name}.key",
            ca_file=self._folder / f"{name}-ca.crt",
        )
        files.cert_file.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        files.key_file.write_bytes(leaf.private_key_pem.bytes())
        files.ca_file.write_bytes(self._ca.cert_pem.bytes())
        return files
