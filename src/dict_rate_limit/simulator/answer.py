"""Answers of the fake DICT, before a transport encodes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dict_rate_limit.domain.buckets.bucket import RawPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A 200. A read of one policy has at most one."""

    response_time: datetime | None
    category: str
    policies: tuple[RawPolicy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorStatus:
    """Any other HTTP status."""

    status: int
    detail: str
    retry_after_sec: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """A 200 whose body is no message."""

    body: bytes


Answer = Listing | ErrorStatus | Garbage


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, to be sent after `delay_sec` real seconds."""

    answer: Answer
    correlation_id: str
    delay_sec: float = 0.0
