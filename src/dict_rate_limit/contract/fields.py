"""Field types and rules that several request bodies share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final, TypeVar

import msgspec

from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.notifications.silence import Purpose, Weekday
from dict_rate_limit.domain.text import quoted
from dict_rate_limit.domain.timestamps import parse_duration, to_utc

T = TypeVar("T", bound=msgspec.Struct)

Reason = Annotated[str, msgspec.Meta(description="The reason for the audit log: 1 to 500 printable characters.")]
Moment = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with a time zone.")]
Duration = Annotated[str, msgspec.Meta(description="A duration, in place of the end time.", examples=["2h", "30m"])]
Glob = Annotated[str, msgspec.Meta(description="Letters, digits, _, and the wildcards * and ?. * matches everything.")]
WallClock = Annotated[
    str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5, description="HH:MM", examples=["22:00"])
]

EXPECTED: Final[Mapping[str, str]] = {
    "reason": "the reason, as text",
    "until": "an RFC 3339 time with a zone",
    "starts_at": "an RFC 3339 time with a zone",
    "ends_at": "an RFC 3339 time with a zone",
    "for": "a duration such as 2h or 30m, as text",
    "sequence": "a whole number from 1",
    "purpose": ", ".join(Purpose),
    "recurrence.days": "a list of " + ", ".join(Weekday),
    "recurrence.start": "HH:MM",
    "recurrence.end": "HH:MM",
    "recurrence.time_zone": "an IANA name such as America/Sao_Paulo",
}
"""What a field of a body must be, by its path."""


def end_time(
    field: str, moment: datetime | None, duration: str | None, start: datetime, longest: timedelta
) -> datetime:
    """Return the end that a body gives as a time in `field`, or as a duration in `for`.

    Raises:
        InvalidValueError: none or both of them, or an invalid duration.
    """
    if (moment is None) == (duration is None):
        message = f"{field}: expected exactly one of {field} and for"
        raise InvalidValueError(message)
    if moment is not None:
        return moment
    try:
        return start + parse_duration(duration or "", longest)
    except (ValueError, OverflowError) as error:
        message = (
            f"for: {quoted(duration or '')}, expected a duration such as 2h or 1h30m, at most {longest.days * 24}h"
        )
        raise InvalidValueError(message) from error


def document(kind: type[T], source: object, /, **values: object) -> T:
    """Return a document: the given values, and the source's attributes for the other fields. Times are in UTC."""
    for name in kind.__struct_fields__:
        value = values[name] if name in values else getattr(source, name)
        values[name] = to_utc(value) if isinstance(value, datetime) else value
    return kind(**values)
