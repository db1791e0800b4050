"""Encoded responses: the body once per snapshot and query, its age once per second."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import msgspec

from dict_rate_limit.contract.fields import document
from dict_rate_limit.contract.policies import Freshness, ListHead, Policy, Rejected
from dict_rate_limit.domain.alerts.state import EvaluatedBucket
from dict_rate_limit.domain.buckets.level import FULL
from dict_rate_limit.ports.cache import CacheStatus
from dict_rate_limit.usecases.readings.entry import Reading, View

Select = Callable[[View], Iterable[EvaluatedBucket]]

Headers = list[tuple[bytes, bytes]]

MEMO_SIZE: Final = 256
FIXED_HEADERS: Final = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"authorization"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Headers
    body: bytes
    text_headers: list[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        # The server takes text and Litestar bytes; both are made once, not for every use.
        pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers]
        object.__setattr__(self, "text_headers", pairs)


class Rendered:
    """One JSON object of a view without its end. Responses append the age to it."""

    __slots__ = ("_answer", "_etag", "_head", "_reading", "_unchanged", "participant", "view")

    def __init__(self, view: View, head: bytes) -> None:
        self.view = view
        self.participant = view.snapshot.participant
        # The closing brace is replaced by the freshness, the only part that changes every second.
        self._head = head[:-1] + b","
        self._etag = b'W/"' + sha256(head).hexdigest()[:32].encode() + b'"'
        self._reading: Reading | None = None
        self._answer = self._unchanged = Answer(500, [], b"")

    def answer(self, reading: Reading, if_none_match: bytes | None) -> Answer:
        """Return the response of this second; 304 for a client that has this snapshot."""
        # The reader returns the same object for a second.
        if reading is not self._reading:
            self._make(reading)
            self._reading = reading
        if if_none_match is not None and matches(if_none_match, self._etag):
            return self._unchanged
        return self._answer

    def _make(self, reading: Reading) -> None:
        freshness = Freshness(
            age_seconds=reading.age,
            cached=reading.status is not CacheStatus.MISS,
            cache_expires_in=reading.expires_in,
        )
        body = self._head + msgspec.json.encode(freshness)[1:]
        headers: Headers = [
            *FIXED_HEADERS,
            (b"x-cache-status", reading.status.value.encode()),
            (b"x-cache-ttl", b"%d" % reading.expires_in),
            (b"etag", self._etag),
        ]
        self._answer = Answer(200, [*headers, (b"content-length", b"%d" % len(body))], body)
        self._unchanged = Answer(304, headers, b"")


class ResponseCache:
    """Encoded lists by raw query string, up to a fixed number."""

    def __init__(self) -> None:
        self._memo: dict[bytes, Rendered] = {}

    def known(self, raw_query: bytes) -> Rendered | None:
        """Return the encoded list of a raw query; its view may be outdated."""
        return self._memo.get(raw_query)

    def listed(self, raw_query: bytes, view: View, select: Select) -> Rendered:
        """Return the encoded list, from the cache if the view is the same."""
        known = self._memo.pop(raw_query, None)
        if known is None or known.view is not view:
            known = Rendered(view, msgspec.json.encode(_list_head(view, select(view))))
        if len(self._memo) >= MEMO_SIZE:
            del self._memo[next(iter(self._memo))]
        self._memo[raw_query] = known
        return known

    @staticmethod
    def single(view: View, name: str) -> Rendered | None:
        """Return one encoded policy; None when the view has none of this name."""
        found = next((evaluated for evaluated in view.buckets if evaluated.bucket.name == name), None)
        return None if found is None else Rendered(view, msgspec.json.encode(_policy(view, found)))


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Compare weakly, as RFC 9110 requires for If-None-Match."""
    wanted = etag.removeprefix(b"W/")
    tags = (tag.strip() for tag in if_none_match.split(b","))
    return any(tag == b"*" or tag.removeprefix(b"W/") == wanted for tag in tags)


def _list_head(view: View, selected: Iterable[EvaluatedBucket]) -> ListHead:
    snapshot = view.snapshot
    policies = tuple(_policy(view, evaluated) for evaluated in selected)
    return document(
        ListHead,
        snapshot,
        policies=policies,
        total=len(policies),
        category=snapshot.category or None,
        fetched_at=view.fetched_at,
        rejected=tuple(document(Rejected, item) for item in snapshot.rejected),
    )


def _policy(view: View, evaluated: EvaluatedBucket) -> Policy:
    bucket = evaluated.bucket
    return document(
        Policy,
        bucket,
        policy_name=bucket.name,
        participant=view.snapshot.participant,
        category=view.snapshot.category or None,
        capacity_max=bucket.capacity,
        warning_threshold_pct=evaluated.thresholds.warning * 100 / FULL,
        critical_threshold_pct=evaluated.thresholds.critical * 100 / FULL,
        status=evaluated.level,
        enabled=evaluated.enabled,
        checked_at=view.snapshot.checked_at,
    )
