"""Which parts are embedded and which are real, and the settings that follow from it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dict_rate_limit.settings import Settings

LIST_TOKEN_SEC: Final = 10  # POLICIES_LIST gives back one token in this time
BUSIEST_POLL_SEC: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """Something a real one can stand in for; `about` are prefixes of variables that say how to reach the real one."""

    name: str
    variable: str
    related: tuple[str, ...] = ()


DATABASE: Final = Dependency(name="PostgreSQL", variable="DATABASE_URL")
CACHE: Final = Dependency(name="Valkey", variable="REDIS_ADDR", related=("REDIS_PASSWORD", "REDIS_TLS"))
TEMPORAL: Final = Dependency(name="Temporal", variable="TEMPORAL_HOST", related=("TEMPORAL_NAMESPACE", "TEMPORAL_TLS_"))
SOURCE: Final = Dependency(name="Simulated DICT", variable="BRIDGE_GRPC_ADDRESS", related=("BRIDGE_TLS_",))


def external_address(dependency: Dependency, settings: Settings) -> str | None:
    """Return where the real one is, without its secrets; None = it is to be embedded."""
    return settings.provenance[dependency.variable].shown


def with_local_addresses(
    environ: Mapping[str, str], addresses: Mapping[Dependency, str], settings: Settings
) -> dict[str, str]:
    """Return the environment with the embedded parts' addresses, and without what was said about real ones.

    With the simulator the polls are as frequent as the budget for lists allows, so that there is something to see.
    """
    related = tuple(prefix for dependency in addresses for prefix in dependency.related)
    remaining = {name: value for name, value in environ.items() if not name.startswith(related)}
    if SOURCE in addresses and not remaining.get("WORKFLOW_CRON_SCHEDULE", "").strip():
        remaining["WORKFLOW_CRON_SCHEDULE"] = f"@every {poll_every_sec(settings.list_budget_share)}s"
    return remaining | {dependency.variable: address for dependency, address in addresses.items()}


def poll_every_sec(list_budget_share: float) -> int:
    """Return the whole seconds between two polls that spend no more than the share."""
    return max(BUSIEST_POLL_SEC, math.ceil(LIST_TOKEN_SEC / list_budget_share))
