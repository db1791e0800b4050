"""Formats captured log records as lines."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def log_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return our lines in order: the event, then its fields by name."""
    return [line(record) for record in caplog.records if record.name.startswith("dict_rate_limit")]


def line(record: logging.LogRecord) -> str:
    fields = sorted((name, value) for name, value in vars(record).items() if name not in _USUAL)
    return " ".join([record.getMessage(), *(f"{name}={value}" for name, value in fields)])
