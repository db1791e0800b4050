"""Services that the product needs: database, cache and a simulated DICT, on this machine."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from bench.command import PRODUCT, running
from bench.tempdir import open_folder
from dict_rate_limit.adapters.postgres.migrations.runner import up
from dict_rate_limit.apps.local.port import LOOPBACK, free_port
from dict_rate_limit.apps.local.postgres import embedded_postgres
from dict_rate_limit.apps.local.temporal import embedded_temporal
from dict_rate_limit.apps.local.valkey import embedded_valkey

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator, Mapping, Sequence

READY = "/ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Addresses of the services. `temporal` is None without Temporal."""

    folder: Path
    database_url: str
    redis_addr: str
    bridge: str
    participants: Sequence[str]
    temporal: str | None

    def environment(self) -> Mapping[str, str]:
        """Return the settings of a process that uses the services."""
        known = {
            "DATABASE_URL": self.database_url,
            "REDIS_ADDR": self.redis_addr,
            "BRIDGE_GRPC_ADDRESS": self.bridge,
            "PARTICIPANTS": ",".join(self.participants),
            "LOG_LEVEL": "warning",
        }
        return known if self.temporal is None else known | {"TEMPORAL_HOST": self.temporal}


@asynccontextmanager
async def start_services(participants: Sequence[str], *, temporal: bool = False) -> AsyncIterator[Services]:
    """Start the services, with an empty, migrated database."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(open_folder())
        url = await stack.enter_async_context(embedded_postgres(folder / "postgres"))
        await up(url)
        server = embedded_temporal(folder / "temporal")
        yield Services(
            folder=folder,
            database_url=url,
            redis_addr=await stack.enter_async_context(embedded_valkey(None)),
            bridge=await stack.enter_async_context(simulated_dict(folder / "bridge", participants)),
            participants=participants,
            temporal=await stack.enter_async_context(server) if temporal else None,
        )


@asynccontextmanager
async def simulated_dict(folder: Path, participants: Sequence[str]) -> AsyncIterator[str]:
    """Run the simulator in its own process; yield "127.0.0.1:port"."""
    port = free_port()
    command = (sys.executable, str(Path(__file__).with_name("dict_server.py")), str(port), *participants)
    async with running(command, folder, {}, lambda: listens(port)):
        yield f"{LOOPBACK}:{port}"


@asynccontextmanager
async def product(
    verb: str, folder: Path, environment: Mapping[str, str], ready_port: int
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Run `dict-rate-limit <verb>`, and wait until /ready on the port answers 200."""
    url = f"http://{LOOPBACK}:{ready_port}{READY}"
    async with (
        httpx.AsyncClient() as client,
        running((*PRODUCT, verb), folder, environment, lambda: answers(client, url)) as child,
    ):
        yield child


async def listens(port: int) -> bool:
    """Return whether the port accepts connections."""
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True


async def answers(client: httpx.AsyncClient, url: str, headers: Mapping[str, str] | None = None) -> bool:
    """Return whether the URL answers 200."""
    try:
        return (await client.get(url, headers=headers)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
