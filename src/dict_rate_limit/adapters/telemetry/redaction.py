"""Redaction of log lines and span attributes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.redaction import HIDDEN, clean

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

_SECRET_KEY: Final = re.compile(r"password|passwd|secret|token$|authorization|api_?key", re.IGNORECASE)


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide values with the name of a secret, and secrets and numbers of people and companies inside texts."""
    return {key: HIDDEN if value and _SECRET_KEY.search(key) else _cleaned(value) for key, value in event.items()}


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return hide_secrets(None, "", value)
    if isinstance(value, (list, tuple)):
        return [_cleaned(item) for item in value]
    return value
