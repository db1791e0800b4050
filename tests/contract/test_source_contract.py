"""PolicySource, tested with the Bridge, the simulator and memory."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bridge_server import bridge_source, fake_bridge
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.memory.source import MemorySource
from dict_rate_limit.domain.buckets.bucket import RawPolicy
from dict_rate_limit.domain.buckets.reading import FailedPoll, Snapshot, split_valid
from dict_rate_limit.domain.errors import Outcome, SourceError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from dict_rate_limit.ports.source import PolicySource

    Opened = Callable[[], AbstractAsyncContextManager[PolicySource]]

WELL = "00000001"
EMPTY = "00000002"
LIMITED = "00000003"
STRANGER = "99999999"


def snapshot(participant: str, *names: str) -> Snapshot:
    buckets, _ = split_valid(
        RawPolicy(name=name, available_tokens=70, capacity=70, refill_tokens=70, refill_period_sec=60) for name in names
    )
    return Snapshot(
        participant=participant,
        source="memory",
        response_time=None,
        received_at=SystemClock().now(),
        category="C",
        correlation_id=None,
        buckets=buckets,
    )


@asynccontextmanager
async def memory() -> AsyncIterator[PolicySource]:
    limited = FailedPoll(
        participant=LIMITED,
        source="memory",
        outcome=Outcome.RATE_LIMITED,
        detail="POLICIES_LIST is empty",
        received_at=SystemClock().now(),
        retry_after_sec=10,
    )
    yield MemorySource([snapshot(WELL, "KEYS_CHECK", "POLICIES_LIST"), snapshot(EMPTY), limited])


@asynccontextmanager
async def bridge() -> AsyncIterator[PolicySource]:
    async with fake_bridge(participants=(WELL, LIMITED)) as (_, address), bridge_source(address) as source:
        for _ in range(20):
            await source.list_policies(LIMITED)
        yield source


@pytest.fixture(params=[memory, bridge])
def opened(request: pytest.FixtureRequest) -> Opened:
    chosen: Opened = request.param
    return chosen


async def test_a_list_belongs_to_the_participant(opened: Opened) -> None:
    async with opened() as source:
        answer = await source.list_policies(WELL)

    assert (answer.participant, answer.outcome, answer.category) == (WELL, Outcome.OK, "C")


async def test_a_list_may_be_read_again(opened: Opened) -> None:
    async with opened() as source:
        first = await source.list_policies(WELL)
        second = await source.list_policies(WELL)

    assert [bucket.name for bucket in first.buckets] == [bucket.name for bucket in second.buckets]


async def test_a_single_read_has_one_bucket_of_the_list(opened: Opened) -> None:
    async with opened() as source:
        answer = await source.get_policy(WELL, "KEYS_CHECK")

    assert [bucket.name for bucket in answer.buckets] == ["KEYS_CHECK"]


async def test_an_unknown_policy_is_not_found(opened: Opened) -> None:
    async with opened() as source:
        with pytest.raises(SourceError) as caught:
            await source.get_policy(WELL, "NO_SUCH_POLICY")

    assert caught.value.outcome is Outcome.NOT_FOUND


@pytest.mark.parametrize("single", [False, True])
async def test_buckets_of_an_unknown_participant_are_not_returned(opened: Opened, *, single: bool) -> None:
    async with opened() as source:
        with pytest.raises(SourceError) as caught:
            await (source.get_policy(STRANGER, "KEYS_CHECK") if single else source.list_policies(STRANGER))

    assert (caught.value.outcome, caught.value.retry_helps) == (Outcome.PERMISSION_DENIED, False)


async def test_an_exhausted_budget_has_a_retry_after(opened: Opened) -> None:
    async with opened() as source:
        with pytest.raises(SourceError) as caught:
            await source.list_policies(LIMITED)

    assert caught.value.outcome is Outcome.RATE_LIMITED
    assert caught.value.retry_after_sec in range(1, 11)


async def test_the_memory_source_replays_its_polls_and_repeats_the_last() -> None:
    source = MemorySource([snapshot(WELL, "A"), snapshot(WELL, "B"), snapshot(WELL, "C")])

    played = [(await source.list_policies(WELL)).buckets[0].name for _ in range(4)]

    assert played == ["A", "B", "C", "C"]


async def test_the_memory_source_reads_single_buckets_from_the_current_poll() -> None:
    source = MemorySource([snapshot(WELL, "A"), snapshot(WELL, "B")])
    await source.list_policies(WELL)
    await source.list_policies(WELL)

    with pytest.raises(SourceError, match="no policy A"):
        await source.get_policy(WELL, "A")
