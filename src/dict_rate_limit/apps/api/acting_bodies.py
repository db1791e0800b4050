"""What may stand in the body of an act, strictly: what is not understood is refused by its name, never ignored."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import datetime, time
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import msgspec

from dict_rate_limit.apps.api.problem import ProblemError
from dict_rate_limit.apps.api.query import quoted, refused
from dict_rate_limit.contract.problems import ProblemType
from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.notifications.silence import LONGEST, Matchers, Purpose, Recurrence, Weekday
from dict_rate_limit.domain.timestamps import parse_duration
from dict_rate_limit.usecases import alert_actions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from uuid import UUID

    import litestar

Model = TypeVar("Model", bound=msgspec.Struct)

Reason = Annotated[str, msgspec.Meta(description="Why, for whoever reads it later: 1 to 500 printable characters.")]
Moment = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339, with a zone.")]
Span = Annotated[str, msgspec.Meta(description="A duration from now, in place of the moment.", examples=["2h", "30m"])]
Glob = Annotated[str, msgspec.Meta(description="Letters, digits, _, and the wildcards * and ?; * matches everything.")]
WallClock = Annotated[
    str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5, description="HH:MM", examples=["22:00"])
]

_FOR: Final = "for"
_WHERE: Final = " - at `$"
_PLACE_IN_LIST: Final = re.compile(r"\[[^]]*\]")
_NAMED: Final = re.compile(r"field `(?P<name>[^`]*)`")
_EXPECTED: Final = {
    "reason": "why, as text",
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


class NewAcknowledgement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take an alert up until a moment or for a duration, one of the two.

    `sequence` is that of the alert as you saw it: if it has moved on meanwhile, nothing happens. Without it an alert
    that somebody has already is left to them.
    """

    reason: Reason
    until: Moment | None = None
    span: Span | None = msgspec.field(default=None, name="for")
    sequence: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None

    def order(self, alert_id: UUID, actor: str, now: datetime) -> alert_actions.AcknowledgeAlert:
        """Put it into the words of the use case.

        Raises:
            ProblemError: none or both of until and for, or no duration.
        """
        until = _end("until", self.until, self.span, now, alert_actions.LONGEST_ACKNOWLEDGEMENT)
        return alert_actions.AcknowledgeAlert(
            alert_id=alert_id, actor=actor, reason=self.reason, until=until, sequence=self.sequence
        )


class NewRecurrence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours of wall clock on some days; `end` lies on the next day when it is not after `start`."""

    days: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1, max_length=7)]
    start: WallClock
    end: WallClock
    time_zone: Annotated[str, msgspec.Meta(description="IANA name.", examples=["America/Sao_Paulo"])]

    def recurrence(self) -> Recurrence:
        """Put it into the words of the domain.

        Raises:
            ProblemError: a day twice, an unknown zone.
        """
        with named(prefix="recurrence."):
            return Recurrence(
                days=self.days,
                start=time.fromisoformat(self.start),
                end=time.fromisoformat(self.end),
                time_zone=self.time_zone,
            )


class NewSilence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Silence what all globs match, until a moment or for a duration from its start, one of the two."""

    reason: Reason
    purpose: Purpose = Purpose.SILENCE
    policy: Glob = "*"
    kind: Glob = "*"
    severity: Glob = "*"
    participant: Glob = "*"
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    span: Span | None = msgspec.field(default=None, name="for")
    recurrence: NewRecurrence | None = None

    def order(self, actor: str, now: datetime) -> alert_actions.NewSilence:
        """Put it into the words of the use case.

        Raises:
            ProblemError: none or both of ends_at and for, no duration, a glob or recurrence that cannot be.
        """
        return alert_actions.NewSilence(
            purpose=self.purpose,
            matchers=self._matchers(),
            starts_at=self.starts_at,
            ends_at=_end("ends_at", self.ends_at, self.span, self.starts_at or now, LONGEST),
            recurrence=None if self.recurrence is None else self.recurrence.recurrence(),
            actor=actor,
            reason=self.reason,
        )

    def _matchers(self) -> Matchers:
        with named():
            return Matchers(policy=self.policy, kind=self.kind, severity=self.severity, participant=self.participant)


class EndOfSilence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """End a silence now."""

    reason: Reason


class NewDrill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Send a test alert of a participant, by default the first that is watched."""

    reason: Reason
    participant: str | None = None


async def read_body(
    request: litestar.Request[object, object, litestar.datastructures.State], model: type[Model]
) -> Model:
    """Read the body. It has to call itself JSON, which no form of a foreign page can.

    Raises:
        ProblemError: naming the field.
        HTTPException: 413, it is too large.
    """
    if request.content_type[0] != "application/json":
        raise ProblemError(ProblemType.UNSUPPORTED_MEDIA_TYPE, "Send the header Content-Type: application/json.")
    try:
        return msgspec.json.decode(await request.body(), type=model)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProblemError(ProblemType.INVALID_REQUEST, "The body is not JSON.") from error


@contextmanager
def named(prefix: str = "") -> Iterator[None]:
    """Turn a value that the domain refuses into a problem that names its field."""
    try:
        yield
    except InvalidValueError as error:
        field, _, reason = str(error).partition(": ")
        raise refused(prefix + field, reason) from error


def _end(field: str, moment: datetime | None, span: str | None, start: datetime, longest: timedelta) -> datetime:
    if moment is not None and span is None:
        return moment
    if moment is not None or span is None:
        raise refused(field, f"expected exactly one of {field} and for")
    try:
        return start + parse_duration(span, longest)
    except (ValueError, OverflowError) as error:
        reason = f"{quoted(span)}, expected a duration such as 2h or 1h30m, at most {longest.days * 24}h"
        raise refused(_FOR, reason) from error


def _refusal(text: str) -> ProblemError:
    said, _, path = text.partition(_WHERE)
    path = path.removesuffix("`").removeprefix(".")
    inner = _NAMED.search(said)
    if inner is not None:
        path = f"{path}.{inner['name']}" if path else inner["name"]
        said = "missing" if said.startswith("Object missing") else "unknown"
    if not path:
        return ProblemError(ProblemType.INVALID_REQUEST, "The body is JSON, but not an object.")
    expected = _EXPECTED.get(_PLACE_IN_LIST.sub("", path))
    reason = f"{said[:1].lower()}{said[1:]}"
    return refused(path, reason if expected is None else f"{reason}: expected {expected}")
