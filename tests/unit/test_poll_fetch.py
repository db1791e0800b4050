from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from dict_rate_limit.domain.buckets.reading import FailedPoll, Snapshot
from dict_rate_limit.domain.errors import RETRY_HELPS, Outcome
from dict_rate_limit.usecases.poll.fetch import LIST_TOKEN_REFILL, MAX_BACKOFF, Fetcher, RetryPolicy
from samples.domain import NOON
from samples.fake_ports import LATER, HandClock, ScriptedSource, reading_of, refusal

HOPELESS = sorted(set(Outcome) - RETRY_HELPS - {Outcome.OK, Outcome.EMPTY})


def make_fetcher(source: ScriptedSource, retry_policy: RetryPolicy | None = None) -> Fetcher:
    return Fetcher(
        source=source,
        clock=source.clock,
        retry_policy=retry_policy or RetryPolicy(),
        sleep=source.clock.sleep,
    )


@pytest.fixture
def source() -> ScriptedSource:
    return ScriptedSource(HandClock())


async def test_every_participant_is_polled_and_answered_in_the_given_order(source: ScriptedSource) -> None:
    polls = await make_fetcher(source).fetch_group(["b", "a"])

    assert polls == [reading_of("b"), reading_of("a")]


async def test_no_more_participants_are_asked_at_once_than_allowed(source: ScriptedSource) -> None:
    await make_fetcher(source, RetryPolicy(concurrency=3)).fetch_group([str(number) for number in range(10)])

    assert source.most_at_once == 3


async def test_a_fault_that_passes_is_tried_again(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.UNAVAILABLE), refusal(Outcome.DEADLINE_EXCEEDED)]

    (poll,) = await make_fetcher(source).fetch_group(["a"])

    assert isinstance(poll, Snapshot)


async def test_pauses_between_tries_grow(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.UNAVAILABLE)] * 2

    await make_fetcher(source, RetryPolicy(first_pause=timedelta(seconds=1))).fetch_group(["a"])

    assert source.clock.slept == [1, 2]


async def test_tries_end_at_their_number(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.UNAVAILABLE) for _ in range(9)]

    (poll,) = await make_fetcher(source, RetryPolicy(attempts=3)).fetch_group(["a"])

    assert len(source.asked) == 3
    assert isinstance(poll, FailedPoll)


async def test_a_failed_poll_says_what_the_source_said(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.PERMISSION_DENIED, retry_after_sec=7)]

    polls = await make_fetcher(source).fetch_group(["a"])

    assert polls == [
        FailedPoll(
            participant="a",
            source="bridge",
            outcome=Outcome.PERMISSION_DENIED,
            detail="said the test",
            received_at=NOON,
            retry_after_sec=7,
            correlation_id="c-1",
        )
    ]


@pytest.mark.parametrize("outcome", HOPELESS)
async def test_what_a_retry_cannot_heal_is_asked_once(source: ScriptedSource, outcome: Outcome) -> None:
    source.script["a"] = [refusal(outcome)]

    await make_fetcher(source).fetch_group(["a"])

    assert source.asked == ["a"]


async def test_one_participants_fault_leaves_the_others_alone(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.GONE)]

    polls = await make_fetcher(source).fetch_group(["a", "b"])

    assert [type(poll) for poll in polls] == [FailedPoll, Snapshot]


async def test_no_try_begins_after_the_window(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.DEADLINE_EXCEEDED) for _ in range(9)]
    source.takes = timedelta(seconds=5)

    await make_fetcher(source, RetryPolicy(attempts=9, retry_window=timedelta(seconds=8))).fetch_group(["a"])

    assert len(source.asked) == 2


async def test_a_retry_waits_as_long_as_the_source_asks(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.UNAVAILABLE, retry_after_sec=3)]

    await make_fetcher(source).fetch_group(["a"])

    assert source.clock.slept == [3]


async def test_a_wait_longer_than_the_window_is_left_to_the_next_cycle(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.UNAVAILABLE, retry_after_sec=60)]

    (poll,) = await make_fetcher(source).fetch_group(["a"])

    assert isinstance(poll, FailedPoll)
    assert source.clock.slept == []


async def test_after_a_429_a_participant_is_left_alone_as_long_as_told(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.RATE_LIMITED, retry_after_sec=60)]
    fetcher = make_fetcher(source)
    await fetcher.fetch_group(["a", "b"])
    source.clock.move(LATER)

    polls = await fetcher.fetch_group(["a", "b"])

    assert [poll.participant for poll in polls] == ["b"]


async def test_a_429_without_a_time_is_one_tokens_refill(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.RATE_LIMITED)]
    fetcher = make_fetcher(source)
    await fetcher.fetch_group(["a"])

    too_early = await fetcher.fetch_group(["a"])
    source.clock.move(LIST_TOKEN_REFILL)
    in_time = await fetcher.fetch_group(["a"])

    assert (len(too_early), len(in_time)) == (0, 1)


async def test_an_absurd_retry_after_does_not_blind_us(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.RATE_LIMITED, retry_after_sec=10**9)]
    fetcher = make_fetcher(source)
    await fetcher.fetch_group(["a"])
    source.clock.move(MAX_BACKOFF)

    polls = await fetcher.fetch_group(["a"])

    assert len(polls) == 1


async def test_a_source_that_breaks_its_contract_is_one_malformed_poll(source: ScriptedSource) -> None:
    source.script["a"] = [KeyError("surprise")]

    polls = await make_fetcher(source).fetch_group(["a", "b"])

    assert [poll.outcome for poll in polls] == [Outcome.MALFORMED, Outcome.OK]


async def test_being_cancelled_is_no_poll(source: ScriptedSource) -> None:
    source.script["a"] = [asyncio.CancelledError()]

    with pytest.raises(asyncio.CancelledError):
        await make_fetcher(source).fetch_group(["a"])
