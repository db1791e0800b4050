"""What may stand in a URL, strictly: what is not understood is refused, never ignored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl
from uuid import UUID

from dict_rate_limit.apps.api.problem import ProblemError
from dict_rate_limit.contract.problems import ProblemType
from dict_rate_limit.domain.buckets.bucket import is_policy_name
from dict_rate_limit.domain.buckets.level import Level

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dict_rate_limit.domain.alerts.state import EvaluatedBucket
    from dict_rate_limit.usecases.readings.readings import View

CATEGORIES: Final = "ABCDEFGH"
LONGEST_QUERY: Final = 1_000

_CATEGORY: Final = "category"
_MIN_UTILIZATION: Final = "min_utilization"
_STATUS: Final = "status"
_PARTICIPANT: Final = "participant"
_POLICY: Final = "policy"
_LIMIT: Final = "limit"
LIST_PARAMETERS: Final = (_CATEGORY, _MIN_UTILIZATION, _STATUS, _PARTICIPANT)

_PERCENT: Final = re.compile(r"(\d{1,3})(?:\.(\d{1,6}))?", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,6}", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_MILLIONTHS: Final = 1_000_000
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What of a reading is asked for; None = no matter. `min_utilization` in millionths of a percent."""

    participant: str
    category: str | None = None
    min_utilization: int | None = None
    status: Level | None = None

    def selected(self, view: View) -> tuple[EvaluatedBucket, ...]:
        """Return the buckets that pass; a bucket without utilization passes no `min_utilization`."""
        if self.category is not None and view.snapshot.category != self.category:
            return ()
        return tuple(evaluated for evaluated in view.buckets if self._passes(evaluated))

    def _passes(self, evaluated: EvaluatedBucket) -> bool:
        if self.status is not None and evaluated.level is not self.status:
            return False
        if self.min_utilization is None:
            return True
        used = evaluated.bucket.utilization_basis_points
        return used is not None and used * (_MILLIONTHS // 100) >= self.min_utilization


def parse_query(raw: bytes, allowed: Collection[str]) -> Mapping[str, str]:
    """Read a query string in which each of the allowed names stands at most once, with a value.

    Raises:
        ProblemError: anything else, naming the parameter.
    """
    if len(raw) > LONGEST_QUERY:
        raise ProblemError(ProblemType.INVALID_PARAMETER, f"query: longer than {LONGEST_QUERY} bytes")
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise ProblemError(ProblemType.INVALID_PARAMETER, "query: not UTF-8 in percent-encoding") from error
    values: dict[str, str] = {}
    for name, value in pairs:
        if name not in allowed:
            raise refused(name, f"unknown, expected {_listed(allowed) or 'none'}")
        if name in values:
            raise refused(name, "given more than once")
        values[name] = value
    return values


def list_filters(raw: bytes, participants: Sequence[str]) -> Filters:
    """Read the query of the list.

    Raises:
        ProblemError: naming the parameter.
    """
    values = parse_query(raw, LIST_PARAMETERS)
    status = one_of(values, _STATUS, tuple(Level))
    return Filters(
        participant=known_participant(values.get(_PARTICIPANT), participants),
        category=one_of(values, _CATEGORY, CATEGORIES),
        min_utilization=_millionths(values.get(_MIN_UTILIZATION)),
        status=None if status is None else Level(status),
    )


def known_participant(value: str | None, participants: Sequence[str]) -> str:
    """Return the participant asked for, by default the first.

    Raises:
        ProblemError: it is not configured. Others are never looked up: each would cost memory and tokens.
    """
    if value is None:
        return participants[0]
    if value not in participants:
        raise refused(_PARTICIPANT, f"{quoted(value)}, expected one that is watched here")
    return value


def policy_name(value: str) -> str:
    """Return the name as it stands in the path.

    Raises:
        ProblemError: it cannot be the name of a policy.
    """
    if not is_policy_name(value):
        raise refused(_POLICY, f"{quoted(value)}, expected 1 to 100 of A-Z, 0-9 and _")
    return value


def identifier(name: str, value: str) -> UUID:
    """Return an id as it stands in the path.

    Raises:
        ProblemError: it is none in the usual form.
    """
    if not _UUID.fullmatch(value):
        raise refused(name, f"{quoted(value)}, expected a UUID such as 0190c2b8-7a55-5d0e-9d43-3f1b7a0c5d11")
    return UUID(value)


def limit(values: Mapping[str, str], *, usual: int, most: int) -> int:
    """Return how many are asked for.

    Raises:
        ProblemError: no whole number from 1 to `most`.
    """
    value = values.get(_LIMIT)
    if value is None:
        return usual
    if not _WHOLE.fullmatch(value) or not 1 <= int(value) <= most:
        raise refused(_LIMIT, f"{quoted(value)}, expected a whole number from 1 to {most}")
    return int(value)


def one_of(values: Mapping[str, str], name: str, allowed: Sequence[str]) -> str | None:
    """Return one of the words allowed, None when it is not asked for.

    Raises:
        ProblemError: another word.
    """
    value = values.get(name)
    if value is None or value in tuple(allowed):
        return value
    raise refused(name, f"{quoted(value)}, expected {_listed(allowed)}")


def _millionths(text: str | None) -> int | None:
    if text is None:
        return None
    match = _PERCENT.fullmatch(text)
    value = int(match[1]) * _MILLIONTHS + int((match[2] or "").ljust(6, "0")) if match else -1
    if not 0 <= value <= 100 * _MILLIONTHS:
        raise refused(_MIN_UTILIZATION, f"{quoted(text)}, expected a number from 0 to 100, at most six decimals")
    return value


def _listed(words: Collection[str]) -> str:
    return ", ".join(words)


def quoted(value: str) -> str:
    """Show a value so that it stays on its line and cannot fill a page."""
    return ascii(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")


def refused(name: str, reason: str) -> ProblemError:
    """Say what is wrong with a parameter, or with a field of the body."""
    shown = name if len(name) <= _SHOWN else name[:_SHOWN] + "…"
    return ProblemError(ProblemType.INVALID_PARAMETER, f"{shown}: {reason}", parameter=shown)
