"""The dependencies that `up` starts on this machine, and the settings that point to them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.apps.local.postgres import embedded_postgres
from dict_rate_limit.apps.local.progress_table import ProgressTable
from dict_rate_limit.apps.local.temporal import embedded_temporal
from dict_rate_limit.apps.local.valkey import embedded_valkey
from dict_rate_limit.domain.buckets.catalog import LIST_TOKEN_PERIOD
from dict_rate_limit.settings import Settings, load
from dict_rate_limit.simulator.main import Simulation, simulated_bridge

BUSIEST_POLL_SEC: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A server that is embedded or external. `variable` holds its address, `related` its other settings."""

    name: str
    variable: str
    related: tuple[str, ...] = ()


DATABASE: Final = Dependency(name="PostgreSQL", variable="DATABASE_URL")
CACHE: Final = Dependency(name="Valkey", variable="REDIS_ADDR", related=("REDIS_PASSWORD", "REDIS_TLS"))
TEMPORAL: Final = Dependency(name="Temporal", variable="TEMPORAL_HOST", related=("TEMPORAL_NAMESPACE", "TEMPORAL_TLS_"))
SOURCE: Final = Dependency(name="Simulated DICT", variable="BRIDGE_GRPC_ADDRESS", related=("BRIDGE_TLS_",))


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStack:
    """One run of `up`. `settings` come from the environment alone; `folder` is locked."""

    environ: Mapping[str, str]
    settings: Settings
    folder: Path


@asynccontextmanager
async def dependencies_running(
    stack: LocalStack, progress: ProgressTable, on_exit: Callable[[str], None]
) -> AsyncIterator[Settings]:
    """Run every dependency without an external address; yields the settings that point to all dependencies.

    `on_exit` is called with one line when a dependency exits by itself.

    Raises:
        EmbeddedError: a dependency cannot start.
    """
    settings = stack.settings
    starters = dependency_starters(stack, on_exit)
    for dependency in starters:
        external = external_address(dependency, settings)
        if external is not None:
            progress.external(dependency.name, f"{external} ({dependency.variable})")
    local = [dependency for dependency in starters if external_address(dependency, settings) is None]
    async with enter_concurrently(
        [with_progress(dependency, starters[dependency](), progress) for dependency in local]
    ) as addresses:
        local_addresses = dict(zip(local, addresses, strict=True))
        yield load(with_local_addresses(stack.environ, local_addresses, settings))


def dependency_starters(
    stack: LocalStack, on_exit: Callable[[str], None]
) -> Mapping[Dependency, Callable[[], AbstractAsyncContextManager[str]]]:
    """Return how each dependency is started."""
    folder = stack.folder
    simulation = Simulation(participants=stack.settings.participants)
    return {
        DATABASE: lambda: embedded_postgres(folder / "postgres", on_exit=on_exit),
        TEMPORAL: lambda: embedded_temporal(folder / "temporal", on_exit=on_exit),
        CACHE: lambda: embedded_valkey(folder / "valkey", on_exit=on_exit),
        SOURCE: lambda: simulated_bridge(simulation, SystemClock()),
    }


@asynccontextmanager
async def with_progress(
    dependency: Dependency, context: AbstractAsyncContextManager[str], progress: ProgressTable
) -> AsyncIterator[str]:
    """Show in the progress table how the dependency starts."""
    progress.begin(dependency.name)
    async with context as address:
        progress.ready(dependency.name, address)
        yield address


@asynccontextmanager
async def enter_concurrently(contexts: Sequence[AbstractAsyncContextManager[str]]) -> AsyncIterator[tuple[str, ...]]:
    """Enter all contexts concurrently, later exit all concurrently; yields their values in order.

    A context is exited by another task than the one that entered it. If one fails to enter, the others are exited and
    the first error is raised.
    """
    entered: list[AbstractAsyncContextManager[str]] = []

    async def enter(context: AbstractAsyncContextManager[str]) -> str:
        value = await context.__aenter__()
        entered.append(context)
        return value

    try:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(enter(context)) for context in contexts]
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        yield tuple(task.result() for task in tasks)
    finally:
        await asyncio.gather(*(context.__aexit__(None, None, None) for context in entered))


def external_address(dependency: Dependency, settings: Settings) -> str | None:
    """Return the address of the external server without secrets; None = embedded."""
    return settings.provenance[dependency.variable].shown


def with_local_addresses(
    environ: Mapping[str, str], addresses: Mapping[Dependency, str], settings: Settings
) -> dict[str, str]:
    """Return the environment with the addresses of the embedded servers and without settings of external ones."""
    related = tuple(prefix for dependency in addresses for prefix in dependency.related)
    remaining = {name: value for name, value in environ.items() if not name.startswith(related)}
    # The simulated DICT is polled as often as the list budget allows, so that the page changes quickly.
    if SOURCE in addresses and not remaining.get("WORKFLOW_CRON_SCHEDULE", "").strip():
        remaining["WORKFLOW_CRON_SCHEDULE"] = f"@every {poll_every_sec(settings.list_budget_share)}s"
    return remaining | {dependency.variable: address for dependency, address in addresses.items()}


def poll_every_sec(list_budget_share: float) -> int:
    """Return the seconds between two polls that consume no more than the share of POLICIES_LIST."""
    return max(BUSIEST_POLL_SEC, math.ceil(LIST_TOKEN_PERIOD.total_seconds() / list_budget_share))
