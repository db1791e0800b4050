"""What may stand in a URL, strictly: what is not understood is refused, never ignored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from dict_rate_limit.apps.api.problem import ProblemError, ProblemType
from dict_rate_limit.domain.bucket import is_policy_name
from dict_rate_limit.domain.level import Level

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dict_rate_limit.domain.state import JudgedBucket
    from dict_rate_limit.usecases.view import View

CATEGORIES: Final = "ABCDEFGH"
LONGEST_QUERY: Final = 1_000

_CATEGORY: Final = "category"
_MIN_UTILIZATION: Final = "min_utilization"
_STATUS: Final = "status"
_PARTICIPANT: Final = "participant"
_POLICY: Final = "policy"
LIST_PARAMETERS: Final = (_CATEGORY, _MIN_UTILIZATION, _STATUS, _PARTICIPANT)

_PERCENT: Final = re.compile(r"(\d{1,3})(?:\.(\d{1,6}))?", re.ASCII)
_MILLIONTHS: Final = 1_000_000
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What of a reading is asked for; None = no matter. `min_utilization` in millionths of a percent."""

    participant: str
    category: str | None = None
    min_utilization: int | None = None
    status: Level | None = None

    def selected(self, view: View) -> tuple[JudgedBucket, ...]:
        """Return the buckets that pass; a bucket without utilization passes no `min_utilization`."""
        if self.category is not None and view.snapshot.category != self.category:
            return ()
        return tuple(judged for judged in view.buckets if self._passes(judged))

    def _passes(self, judged: JudgedBucket) -> bool:
        if self.status is not None and judged.level is not self.status:
            return False
        if self.min_utilization is None:
            return True
        used = judged.bucket.utilization_hundredths
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
            raise _refused(name, f"unknown, expected {_listed(allowed)}")
        if name in values:
            raise _refused(name, "given more than once")
        values[name] = value
    return values


def list_filters(raw: bytes, participants: Sequence[str]) -> Filters:
    """Read the query of the list.

    Raises:
        ProblemError: naming the parameter.
    """
    values = parse_query(raw, LIST_PARAMETERS)
    status = _one_of(values, _STATUS, tuple(Level))
    return Filters(
        participant=known_participant(values.get(_PARTICIPANT), participants),
        category=_one_of(values, _CATEGORY, CATEGORIES),
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
        raise _refused(_PARTICIPANT, f"{_quoted(value)}, expected one that is watched here")
    return value


def policy_name(value: str) -> str:
    """Return the name as it stands in the path.

    Raises:
        ProblemError: it cannot be the name of a policy.
    """
    if not is_policy_name(value):
        raise _refused(_POLICY, f"{_quoted(value)}, expected 1 to 100 of A-Z, 0-9 and _")
    return value


def _one_of(values: Mapping[str, str], name: str, allowed: Sequence[str]) -> str | None:
    value = values.get(name)
    if value is None or value in tuple(allowed):
        return value
    raise _refused(name, f"{_quoted(value)}, expected {_listed(allowed)}")


def _millionths(text: str | None) -> int | None:
    if text is None:
        return None
    match = _PERCENT.fullmatch(text)
    value = int(match[1]) * _MILLIONTHS + int((match[2] or "").ljust(6, "0")) if match else -1
    if not 0 <= value <= 100 * _MILLIONTHS:
        raise _refused(_MIN_UTILIZATION, f"{_quoted(text)}, expected a number from 0 to 100, at most six decimals")
    return value


def _listed(words: Collection[str]) -> str:
    return ", ".join(words)


def _quoted(value: str) -> str:
    """Show a value so that it stays on its line and cannot fill a page."""
    return ascii(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")


def _refused(name: str, reason: str) -> ProblemError:
    shown = name if len(name) <= _SHOWN else name[:_SHOWN] + "…"
    return ProblemError(ProblemType.INVALID_PARAMETER, f"{shown}: {reason}", parameter=shown)
