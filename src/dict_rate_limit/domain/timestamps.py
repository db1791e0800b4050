"""Moments carry a time zone."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from dict_rate_limit.domain.errors import InvalidValueError

if TYPE_CHECKING:
    from datetime import datetime


def require_timezone(field: str, moment: datetime | None) -> None:
    """Refuse a naive datetime: it would be read in whatever zone the machine has.

    Raises:
        InvalidValueError: the moment has no offset from UTC.
    """
    if moment is not None and moment.utcoffset() is None:
        message = f"{field}: {moment.isoformat()}, expected a time with a time zone"
        raise InvalidValueError(message)


def format_utc(moment: datetime) -> str:
    """Write a moment for people: in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
