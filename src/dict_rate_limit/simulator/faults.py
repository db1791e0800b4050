"""Answers of the fake DICT before a transport encodes them, and their faults, one or several at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

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


Change = Callable[[Listing], Answer]


class Fault(StrEnum):
    """A fault mode, by the name the command line takes."""

    UNAVAILABLE = "unavailable"  # 503
    INTERNAL = "internal"  # 500
    FORBIDDEN = "forbidden"  # 403
    GONE = "gone"  # 410
    RATE_LIMITED = "rate-limited"  # 429 whatever the bucket says
    SLOW = "slow"  # answers late
    SILENT = "silent"  # never answers
    GARBAGE = "garbage"  # bytes that are no message
    EMPTY = "empty"  # no policies; a single read has no policy
    MALFORMED_ITEM = "malformed-item"  # two invalid items
    DUPLICATE_ITEM = "duplicate-item"  # one name twice
    UNKNOWN_POLICY = "unknown-policy"  # a name that is not published
    ZERO_CAPACITY = "zero-capacity"  # 0 in all four numbers, as in BACEN's examples
    NEGATIVE_TOKENS = "negative-tokens"  # the manual's example: -15
    WRONG_NAME = "wrong-name"  # a single read answers for another policy
    REPEATED_TIME = "repeated-time"  # a proxy's cache: the last answer again
    BACKWARDS_TIME = "backwards-time"  # an older time than before
    NO_TIME = "no-time"  # no response time


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultWindow:
    """When a scenario shows a fault: seconds of virtual time, repeated every `every_sec`."""

    fault: Fault
    from_sec: int
    to_sec: int
    every_sec: int

    def covers(self, elapsed_sec: float) -> bool:
        return self.from_sec <= elapsed_sec % self.every_sec < self.to_sec


ERRORS: Final[Mapping[Fault, ErrorStatus]] = {
    Fault.RATE_LIMITED: ErrorStatus(status=429, detail="rate limited", retry_after_sec=10),
    Fault.UNAVAILABLE: ErrorStatus(status=503, detail="service unavailable", retry_after_sec=5),
    Fault.INTERNAL: ErrorStatus(status=500, detail="internal server error"),
    Fault.FORBIDDEN: ErrorStatus(status=403, detail="forbidden"),
    Fault.GONE: ErrorStatus(status=410, detail="gone: this address has moved"),
}
"""Answers of faults that do not depend on the buckets. Of several active faults the first one wins."""


def corrupt(listing: Listing, faults: frozenset[Fault], *, single: bool) -> Answer:
    """Apply every fault that changes a listing."""
    answer: Answer = listing
    changes = _SINGLE_CHANGES if single else _LIST_CHANGES
    for fault, change in changes.items():
        if fault in faults and isinstance(answer, Listing):
            answer = change(answer)
    return answer


def _with(listing: Listing, *policies: RawPolicy) -> Listing:
    return replace(listing, policies=(*listing.policies, *policies))


def _first(listing: Listing, changed: RawPolicy) -> Listing:
    return replace(listing, policies=(changed, *listing.policies[1:]))


def _negative(listing: Listing) -> Listing:
    return _first(listing, replace(listing.policies[0], available_tokens=-15))


def _zero(listing: Listing) -> Listing:
    zeros = replace(listing.policies[0], available_tokens=0, capacity=0, refill_tokens=0, refill_period_sec=0)
    return _first(listing, zeros)


def _malformed(listing: Listing) -> Listing:
    return _with(
        listing,
        RawPolicy(name="not a name", available_tokens=1, capacity=1, refill_tokens=1, refill_period_sec=1),
        RawPolicy(name="BELOW_NOTHING", available_tokens=1, capacity=-1, refill_tokens=1, refill_period_sec=1),
    )


def _duplicate(listing: Listing) -> Listing:
    return _with(listing, replace(listing.policies[0], available_tokens=1))


def _unknown(listing: Listing) -> Listing:
    return _with(
        listing,
        RawPolicy(
            name="FUNDS_RECOVERY_WRITE",
            available_tokens=450,
            capacity=500,
            refill_tokens=50,
            refill_period_sec=60,
            policy_category=listing.category,
        ),
    )


def _wrong_name(listing: Listing) -> Listing:
    return _first(listing, replace(listing.policies[0], name="ANOTHER_POLICY"))


def _backwards(listing: Listing) -> Listing:
    moment = listing.response_time
    return replace(listing, response_time=None if moment is None else moment - timedelta(minutes=10))


_COMMON: Final[Mapping[Fault, Change]] = {
    Fault.NEGATIVE_TOKENS: _negative,
    Fault.BACKWARDS_TIME: _backwards,
    Fault.NO_TIME: lambda listing: replace(listing, response_time=None),
    Fault.EMPTY: lambda listing: replace(listing, policies=()),
    Fault.GARBAGE: lambda _: Garbage(body=b"\xff<html>502 Bad Gateway</html>\x00\xff"),
}
_LIST_CHANGES: Final[Mapping[Fault, Change]] = {
    Fault.DUPLICATE_ITEM: _duplicate,
    Fault.ZERO_CAPACITY: _zero,
    Fault.MALFORMED_ITEM: _malformed,
    Fault.UNKNOWN_POLICY: _unknown,
    **_COMMON,
}
_SINGLE_CHANGES: Final[Mapping[Fault, Change]] = {Fault.ZERO_CAPACITY: _zero, Fault.WRONG_NAME: _wrong_name, **_COMMON}
