"""What everything that starts has in common: where it is shown, where it writes, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dict_rate_limit.apps.local.overrides import CACHE, DATABASE, SOURCE, TEMPORAL

if TYPE_CHECKING:
    from typing import TextIO

    from dict_rate_limit.adapters.telemetry.logs import Context
    from dict_rate_limit.apps.local.progress_table import ProgressTable
    from dict_rate_limit.apps.local.shutdown import Shutdown

SCHEMA: Final = "Schema"
WORKER: Final = "Worker"
API: Final = "API and page"
PROMETHEUS: Final = "Prometheus"  # where it is wanted
COMPONENTS: Final = (DATABASE.name, TEMPORAL.name, CACHE.name, SOURCE.name, SCHEMA, WORKER, API)
"""As the board lists them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Startup:
    """`log` takes what would otherwise go to the terminal; `contexts` are asked for more at each of its lines."""

    progress: ProgressTable
    shutdown: Shutdown
    log: TextIO
    contexts: list[Context] = field(default_factory=list)
