from __future__ import annotations

import asyncio

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from bridge_server import OddBridge, bridge_source, fake_bridge, problems
from dict_rate_limit.domain.buckets.catalog import POLICIES_LIST, PSP_POLICIES
from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.proto.methods import PARTICIPANT_KEY
from dict_rate_limit.proto.rate_limit_service_pb2 import (
    GetRateLimitPoliciesResponse,
    GetRateLimitPolicyResponse,
    RateLimitPolicy,
)
from dict_rate_limit.simulator.faults import Fault

US = "default"
SHORT = 0.3
"""Seconds: what the deadline is where it is meant to pass."""


async def test_a_list_returns_every_bucket_and_its_origin() -> None:
    async with fake_bridge() as (_, address), bridge_source(address) as source:
        snapshot = await source.list_policies(US)

    assert tuple(bucket.name for bucket in snapshot.buckets) == PSP_POLICIES
    assert (snapshot.participant, snapshot.source, snapshot.category, snapshot.rejected) == (US, "bridge", "C", ())
    assert snapshot.response_time is not None
    assert snapshot.response_time <= snapshot.received_at
    assert (snapshot.correlation_id or "").startswith("sim-")


async def test_the_bridge_echoes_the_category_on_each_bucket() -> None:
    async with fake_bridge() as (_, address), bridge_source(address) as source:
        snapshot = await source.list_policies(US)

    assert {bucket.policy_category for bucket in snapshot.buckets} == {"C"}


async def test_a_single_read_returns_exactly_that_bucket() -> None:
    async with fake_bridge() as (_, address), bridge_source(address) as source:
        snapshot = await source.get_policy(US, "KEYS_CHECK")

    assert [bucket.name for bucket in snapshot.buckets] == ["KEYS_CHECK"]
    assert snapshot.category == "C"


async def test_a_participant_is_sent_in_upper_case() -> None:
    async with fake_bridge(participants=("0000ABCD",)) as (_, address), bridge_source(address) as source:
        snapshot = await source.list_policies("0000abcd")

    assert (snapshot.participant, snapshot.outcome) == ("0000abcd", Outcome.OK)


async def test_the_default_participant_is_not_sent() -> None:
    bridge = OddBridge()
    async with bridge.serve() as address, bridge_source(address) as source:
        await source.list_policies(US)

    assert PARTICIPANT_KEY not in bridge.metadata[0]


async def test_many_participants_share_one_connection() -> None:
    bridge = OddBridge()
    names = [f"{number:08}" for number in range(50)]
    async with bridge.serve() as address, bridge_source(address) as source:
        snapshots = await asyncio.gather(*(source.list_policies(name) for name in names))

    assert [snapshot.participant for snapshot in snapshots] == names
    assert sorted(seen[PARTICIPANT_KEY] for seen in bridge.metadata) == names
    assert len(bridge.peers) == 1


@pytest.mark.parametrize(
    "participant", ["", "1234567", "123456789", "1234567é", "0000 000", "x" * 5000, "12345678\r\n"]
)
async def test_an_invalid_participant_is_not_sent(participant: str) -> None:
    bridge = OddBridge()
    async with bridge.serve() as address, bridge_source(address) as source:
        with pytest.raises(SourceError) as caught:
            await source.list_policies(participant)

    assert caught.value.outcome is Outcome.INVALID_ARGUMENT
    assert bridge.peers == set()


@pytest.mark.parametrize("name", ["", "keys_check", "../KEYS", "A" * 101, "KEYS\0", "\ud800"])
async def test_an_invalid_policy_name_is_not_sent(name: str) -> None:
    bridge = OddBridge()
    async with bridge.serve() as address, bridge_source(address) as source:
        with pytest.raises(SourceError) as caught:
            await source.get_policy(US, name)

    assert caught.value.outcome is Outcome.INVALID_ARGUMENT
    assert bridge.peers == set()


async def test_an_exhausted_budget_has_a_retry_after() -> None:
    async with fake_bridge() as (fake, address), bridge_source(address) as source:
        first = await source.list_policies(US)
        assert first.response_time is not None
        fake.spend(US, POLICIES_LIST, 100, first.response_time)
        with pytest.raises(SourceError) as caught:
            await source.list_policies(US)

    assert caught.value.outcome is Outcome.RATE_LIMITED
    assert caught.value.retry_after_sec in range(1, 11)
    assert (caught.value.correlation_id or "").startswith("sim-")
    assert not caught.value.retry_helps


async def test_an_unknown_participant_is_not_permitted() -> None:
    async with fake_bridge() as (_, address), bridge_source(address) as source:
        with pytest.raises(SourceError) as caught:
            await source.list_policies("12345678")

    assert caught.value.outcome is Outcome.PERMISSION_DENIED


async def test_a_bridge_without_a_default_participant_requires_one() -> None:
    async with fake_bridge(participants=("12345678",)) as (_, address), bridge_source(address) as source:
        with pytest.raises(SourceError) as caught:
            await source.list_policies(US)

    assert caught.value.outcome is Outcome.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.UNAVAILABLE, Outcome.UNAVAILABLE),
        (Fault.INTERNAL, Outcome.INTERNAL),
        (Fault.FORBIDDEN, Outcome.PERMISSION_DENIED),
        (Fault.GONE, Outcome.GONE),
        (Fault.RATE_LIMITED, Outcome.RATE_LIMITED),
        (Fault.GARBAGE, Outcome.MALFORMED),
        (Fault.SILENT, Outcome.DEADLINE_EXCEEDED),
    ],
)
async def test_a_fault_has_its_outcome(fault: Fault, outcome: Outcome) -> None:
    deadline = SHORT if fault is Fault.SILENT else 10.0
    async with fake_bridge() as (fake, address), bridge_source(address, deadline=deadline) as source:
        fake.inject(fault)
        with pytest.raises(SourceError) as by_list:
            await source.list_policies(US)
        with pytest.raises(SourceError) as by_name:
            await source.get_policy(US, "KEYS_CHECK")

    assert (by_list.value.outcome, by_name.value.outcome) == (outcome, outcome)


@pytest.mark.parametrize("fault", [Fault.EMPTY, Fault.WRONG_NAME])
async def test_a_single_response_without_the_policy_is_malformed(fault: Fault) -> None:
    async with fake_bridge() as (fake, address), bridge_source(address) as source:
        fake.inject(fault)
        with pytest.raises(SourceError) as caught:
            await source.get_policy(US, "KEYS_CHECK")

    assert caught.value.outcome is Outcome.MALFORMED
    assert (caught.value.correlation_id or "").startswith("sim-")


async def test_a_slow_response_within_the_deadline_succeeds() -> None:
    async with fake_bridge() as (fake, address), bridge_source(address) as source:
        fake.inject(Fault.SLOW)

        snapshot = await source.list_policies(US)

    assert snapshot.outcome is Outcome.OK


async def test_an_empty_list_is_no_data() -> None:
    async with fake_bridge() as (fake, address), bridge_source(address) as source:
        fake.inject(Fault.EMPTY)

        snapshot = await source.list_policies(US)

    assert snapshot.outcome is Outcome.EMPTY


@pytest.mark.parametrize(
    ("fault", "rejected"),
    [(Fault.MALFORMED_ITEM, ["not a name", "BELOW_NOTHING"]), (Fault.DUPLICATE_ITEM, [PSP_POLICIES[0]])],
)
async def test_invalid_items_do_not_discard_valid_ones(fault: Fault, rejected: list[str]) -> None:
    async with fake_bridge() as (fake, address), bridge_source(address) as source:
        fake.inject(fault)

        snapshot = await source.list_policies(US)

    assert len(snapshot.buckets) == 29
    assert [item.name for item in snapshot.rejected] == rejected


@pytest.mark.parametrize(
    ("fault", "tokens", "capacity"), [(Fault.NEGATIVE_TOKENS, -15, 30_000), (Fault.ZERO_CAPACITY, 0, 0)]
)
async def test_unusual_numbers_stay_raw(fault: Fault, tokens: int, capacity: int) -> None:
    async with fake_bridge() as (fake, address), bridge_source(address) as source:
        fake.inject(fault)

        first = (await source.list_policies(US)).buckets[0]

    assert (first.available_tokens, first.capacity) == (tokens, capacity)


async def test_an_unpublished_policy_is_returned() -> None:
    async with fake_bridge() as (fake, address), bridge_source(address) as source:
        fake.inject(Fault.UNKNOWN_POLICY)

        snapshot = await source.list_policies(US)

    assert snapshot.buckets[-1].name == "FUNDS_RECOVERY_WRITE"


async def test_a_response_without_a_time_has_our_time() -> None:
    async with fake_bridge() as (fake, address), bridge_source(address) as source:
        fake.inject(Fault.NO_TIME)

        snapshot = await source.list_policies(US)

    assert snapshot.response_time is None
    assert snapshot.checked_at == snapshot.received_at


async def test_a_repeated_response_repeats_its_time() -> None:
    async with fake_bridge() as (fake, address), bridge_source(address) as source:
        first = await source.list_policies(US)
        fake.inject(Fault.REPEATED_TIME)

        second = await source.list_policies(US)

    assert second.response_time == first.response_time
    assert second.received_at > first.received_at


async def test_a_backwards_clock_is_passed_on() -> None:
    async with fake_bridge() as (fake, address), bridge_source(address) as source:
        first = await source.list_policies(US)
        fake.inject(Fault.BACKWARDS_TIME)

        second = await source.list_policies(US)

    assert second.checked_at < first.checked_at


@pytest.mark.parametrize(
    "moment",
    [Timestamp(seconds=2**62), Timestamp(seconds=-(2**62)), Timestamp(seconds=253402300800), Timestamp(nanos=-5)],
)
async def test_a_time_outside_the_calendar_is_ignored(moment: Timestamp) -> None:
    bridge = OddBridge(body=GetRateLimitPoliciesResponse(response_time=moment).SerializeToString())
    async with bridge.serve() as address, bridge_source(address) as source:
        snapshot = await source.list_policies(US)

    assert snapshot.response_time is None


@pytest.mark.parametrize(
    ("answer", "policies", "category"),
    [
        ("C", ["D", "D"], "C"),
        ("", ["D", "D"], "D"),
        ("", ["D", "E"], ""),
        ("", ["D", ""], ""),
        ("", ["", ""], ""),
        ("z?", ["", ""], "z?"),
    ],
)
async def test_the_category_is_that_of_the_response_or_of_all_policies(
    answer: str, policies: list[str], category: str
) -> None:
    items = [RateLimitPolicy(name=f"P{number}", policy_category=raw) for number, raw in enumerate(policies)]
    bridge = OddBridge(body=GetRateLimitPoliciesResponse(category=answer, policies=items).SerializeToString())
    async with bridge.serve() as address, bridge_source(address) as source:
        snapshot = await source.list_policies(US)

    assert snapshot.category == category
    assert [bucket.policy_category for bucket in snapshot.buckets] == policies


async def test_policies_of_another_category_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    items = [RateLimitPolicy(name="P1", policy_category="D"), RateLimitPolicy(name="P2", policy_category="C")]
    bridge = OddBridge(body=GetRateLimitPoliciesResponse(category="C", policies=items).SerializeToString())
    async with bridge.serve() as address, bridge_source(address) as source:
        await source.list_policies(US)
        await source.list_policies(US)

    assert problems(caplog) == ["participant default has category 'C', but some of its policies say 'D'"]


async def test_an_unreadable_single_policy_is_malformed() -> None:
    policy = RateLimitPolicy(name="KEYS_CHECK", capacity=-1)
    bridge = OddBridge(body=GetRateLimitPolicyResponse(policy=policy).SerializeToString())
    async with bridge.serve() as address, bridge_source(address) as source:
        with pytest.raises(SourceError, match="capacity: -1") as caught:
            await source.get_policy(US, "KEYS_CHECK")

    assert caught.value.outcome is Outcome.MALFORMED


async def test_an_oversized_response_is_malformed() -> None:
    bridge = OddBridge(body=b"\0" * (5 * 1024 * 1024))
    async with bridge.serve() as address, bridge_source(address) as source:
        with pytest.raises(SourceError) as caught:
            await source.list_policies(US)

    assert caught.value.outcome is Outcome.MALFORMED


STATUS_OUTCOMES = {
    grpc.StatusCode.RESOURCE_EXHAUSTED: Outcome.RATE_LIMITED,
    grpc.StatusCode.NOT_FOUND: Outcome.NOT_FOUND,
    grpc.StatusCode.PERMISSION_DENIED: Outcome.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED: Outcome.UNAUTHENTICATED,
    grpc.StatusCode.INVALID_ARGUMENT: Outcome.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION: Outcome.GONE,
    grpc.StatusCode.UNAVAILABLE: Outcome.UNAVAILABLE,
    grpc.StatusCode.INTERNAL: Outcome.INTERNAL,
    grpc.StatusCode.DEADLINE_EXCEEDED: Outcome.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED: Outcome.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNKNOWN: Outcome.INTERNAL,
    grpc.StatusCode.UNIMPLEMENTED: Outcome.INTERNAL,
    grpc.StatusCode.ABORTED: Outcome.INTERNAL,
    grpc.StatusCode.ALREADY_EXISTS: Outcome.INTERNAL,
    grpc.StatusCode.DATA_LOSS: Outcome.INTERNAL,
    grpc.StatusCode.OUT_OF_RANGE: Outcome.INTERNAL,
}


def test_every_status_has_an_outcome() -> None:
    assert set(STATUS_OUTCOMES) == set(grpc.StatusCode) - {grpc.StatusCode.OK}


@pytest.mark.parametrize(("code", "outcome"), STATUS_OUTCOMES.items())
async def test_a_status_is_translated_once(code: grpc.StatusCode, outcome: Outcome) -> None:
    bridge = OddBridge(code=code, detail="so it is", trailing=(("retry-after", "7"), ("correlation-id", "abc")))
    async with bridge.serve() as address, bridge_source(address) as source:
        with pytest.raises(SourceError) as caught:
            await source.list_policies(US)

    error = caught.value
    assert (error.outcome, error.retry_after_sec, error.correlation_id) == (outcome, 7, "abc")
    assert error.detail == ("so it is" if code.name == outcome else f"{code.name}: so it is")
    assert error.retry_helps is (outcome in {Outcome.UNAVAILABLE, Outcome.DEADLINE_EXCEEDED})


@pytest.mark.parametrize("told", ["", "soon", "-1", "1.5", "9999999", "²", "Mon, 23 Nov 2026 12:00:00 GMT"])
async def test_an_invalid_retry_after_is_ignored(told: str) -> None:
    trailing = (("retry-after", told.encode("ascii", "replace").decode()),)
    bridge = OddBridge(code=grpc.StatusCode.UNAVAILABLE, trailing=trailing)
    async with bridge.serve() as address, bridge_source(address) as source:
        with pytest.raises(SourceError) as caught:
            await source.list_policies(US)

    assert (caught.value.retry_after_sec, caught.value.detail) == (None, "")


async def test_the_error_detail_is_one_short_line() -> None:
    bridge = OddBridge(code=grpc.StatusCode.INTERNAL, detail="one\r\n\x1b[31mtwo " + "x" * 5000)
    async with bridge.serve() as address, bridge_source(address) as source:
        with pytest.raises(SourceError) as caught:
            await source.list_policies(US)

    assert caught.value.detail.isprintable()
    assert len(caught.value.detail) <= 300
