"""Where policies are read. A second kind of source is chosen here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dict_rate_limit.adapters.bridge.channel import TlsFiles
from dict_rate_limit.adapters.bridge.source import BridgeSource
from dict_rate_limit.bootstrap.telemetry import Telemetry
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.source import PolicySource
from dict_rate_limit.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source and its certificate files by the name they have in metrics."""

    policies: PolicySource
    certificates: Mapping[str, Path]


@asynccontextmanager
async def open_source(settings: Settings, clock: Clock, telemetry: Telemetry) -> AsyncIterator[Source]:
    """Yield the configured source. It connects with the first call."""
    bridge = BridgeSource(
        settings.bridge_grpc_address or "",
        clock=clock,
        tls=_tls(settings),
        metrics=telemetry.metrics,
        tracer=telemetry.tracer,
    )
    files = {"bridge_client": settings.bridge_tls_cert_file, "bridge_ca": settings.bridge_tls_ca_file}
    try:
        yield Source(policies=bridge, certificates={name: path for name, path in files.items() if path is not None})
    finally:
        await bridge.close()


def _tls(settings: Settings) -> TlsFiles | None:
    cert, key, ca = settings.bridge_tls_cert_file, settings.bridge_tls_key_file, settings.bridge_tls_ca_file
    if cert is None or key is None or ca is None:
        return None
    return TlsFiles(cert_file=cert, key_file=key, ca_file=ca)
