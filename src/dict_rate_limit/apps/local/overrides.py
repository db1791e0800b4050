"""Which dependencies are embedded and which are external, and the settings that follow. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dict_rate_limit.domain.buckets.catalog import LIST_TOKEN_PERIOD
from dict_rate_limit.settings import Settings

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
