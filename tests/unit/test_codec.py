from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.reading import FailedPoll, Poll, RejectedItem, Snapshot
from dict_rate_limit.domain.codec import decode_poll, encode_poll
from dict_rate_limit.domain.errors import InvalidValueError, Outcome
from samples.domain import NOON, bucket, failure, snapshot

moments = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds and adds the zone
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3))]),
)
texts = st.text(max_size=20)
numbers = st.integers(0, 2**31 - 1)
buckets = st.builds(
    Bucket,
    name=st.from_regex(r"\A[A-Z0-9_]{1,100}\Z"),
    available_tokens=st.integers(-(2**31), 2**31 - 1),
    capacity=numbers,
    refill_tokens=numbers,
    refill_period_sec=numbers,
    policy_category=texts,
)
snapshots = st.builds(
    Snapshot,
    participant=texts,
    source=texts,
    response_time=st.none() | moments,
    received_at=moments,
    category=texts,
    correlation_id=st.none() | texts,
    buckets=st.lists(buckets, max_size=4).map(tuple),
    rejected=st.lists(st.builds(RejectedItem, position=numbers, name=texts, reason=texts), max_size=2).map(tuple),
)
failures = st.builds(
    FailedPoll,
    participant=texts,
    source=texts,
    outcome=st.sampled_from([o for o in Outcome if o not in {Outcome.OK, Outcome.EMPTY}]),
    detail=texts,
    received_at=moments,
    retry_after_sec=st.none() | numbers,
    correlation_id=st.none() | texts,
)


@given(snapshots | failures)
def test_every_poll_survives_a_round_trip(poll: Poll) -> None:
    assert decode_poll(encode_poll(poll)) == poll


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", "null", "[1]", "[2,1]", "[3,1]", '"x"', encode_poll(failure())[:-9], b"\xff\xfe"],
)
def test_an_invalid_text_is_rejected_without_being_displayed(text: str | bytes) -> None:
    with pytest.raises(InvalidValueError, match=r"poll: .*expected encode_poll's"):
        decode_poll(text)


def test_a_naive_time_in_the_text_is_rejected() -> None:
    naive = encode_poll(snapshot(bucket(), at=NOON)).replace("+00:00", "")

    with pytest.raises(InvalidValueError):
        decode_poll(naive)


def test_a_group_of_fifty_participants_is_far_below_the_payload_limit() -> None:
    answer = snapshot(*(bucket(36_000, 36_000, name=f"INFRACTION_REPORTS_LIST_WITHOUT_ROLE_{n}") for n in range(29)))

    assert len(encode_poll(answer)) * 50 < 250_000


def test_a_bucket_of_an_older_version_gets_default_values() -> None:
    row = json.loads(encode_poll(snapshot(bucket(name="A"))))
    row[7][0] = ["A", 1, 2, 3, 4]

    (known,) = only_snapshot(row).buckets

    assert known == Bucket(name="A", available_tokens=1, capacity=2, refill_tokens=3, refill_period_sec=4)


def test_a_bucket_of_a_newer_version_loses_unknown_fields() -> None:
    answer = snapshot(bucket())
    row = json.loads(encode_poll(answer))
    row[7][0] += ["unknown", 7]

    assert only_snapshot(row) == answer


def test_a_bucket_without_a_required_field_is_rejected() -> None:
    row = json.loads(encode_poll(snapshot(bucket(name="A"))))
    row[7][0] = ["A", 1]

    with pytest.raises(InvalidValueError):
        only_snapshot(row)


def only_snapshot(row: list[object]) -> Snapshot:
    poll = decode_poll(json.dumps(row))
    assert isinstance(poll, Snapshot)
    return poll
