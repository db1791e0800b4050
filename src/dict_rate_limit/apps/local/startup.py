"""What every component needs at its start: progress table, log, shutdown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dict_rate_limit.apps.local.overrides import CACHE, DATABASE, SOURCE, TEMPORAL

if TYPE_CHECKING:
    from typing import TextIO

    from dict_rate_limit.apps.local.progress_table import ProgressTable
    from dict_rate_limit.apps.local.shutdown import Shutdown
    from dict_rate_limit.bootstrap.telemetry import LogContexts

SCHEMA: Final = "Schema"
WORKER: Final = "Worker"
API: Final = "API and page"
PROMETHEUS: Final = "Prometheus"
COMPONENTS: Final = (DATABASE.name, TEMPORAL.name, CACHE.name, SOURCE.name, SCHEMA, WORKER, API)
"""In the order of the progress table. Prometheus follows when OBSERVE is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Startup:
    """`log` takes the log lines, as the terminal shows the table. `contexts` add fields to each line."""

    progress: ProgressTable
    shutdown: Shutdown
    log: TextIO
    contexts: LogContexts = field(default_factory=list)
