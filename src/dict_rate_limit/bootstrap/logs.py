"""The log of a process."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import TextIO

from dict_rate_limit.adapters.telemetry.logs import Context, change_level_on_signals, configure_logging
from dict_rate_limit.settings import Settings


def start_logging(settings: Settings, service: str, contexts: Sequence[Context], stream: TextIO | None = None) -> None:
    """Write log lines to `stream`, by default stdout, at the level that settings and signals set.

    `contexts` add fields to each line; the list may grow later. Call it in the main thread.
    """
    always = {"service": service, "version": version("dict-rate-limit")}
    configure_logging(settings.log_level, settings.log_format, stream, always=always, contexts=contexts)
    change_level_on_signals()
