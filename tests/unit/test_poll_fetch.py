from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from dict_rate_limit.domain.buckets.catalog import LIST_TOKEN_PERIOD
from dict_rate_limit.domain.buckets.reading import FailedPoll, Snapshot
from dict_rate_limit.domain.errors import RETRY_HELPS, Outcome
from dict_rate_limit.usecases.poll import MAX_BACKOFF, Fetcher, RetryPolicy
from samples.domain import NOON
from samples.fake_ports import LATER, FakeClock, ScriptedSource, reading_of, refusal

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
    return ScriptedSource(FakeClock())


async def test_every_participant_is_polled_in_the_given_order(source: ScriptedSource) -> None:
    polls = await make_fetcher(source).fetch_group(["b", "a"])

    assert polls == [reading_of("b"), reading_of("a")]


async def test_concurrent_polls_are_limited(source: ScriptedSource) -> None:
    await make_fetcher(source, RetryPolicy(concurrency=3)).fetch_group([str(number) for number in range(10)])

    assert source.most_at_once == 3


async def test_a_temporary_error_is_retried(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.UNAVAILABLE), refusal(Outcome.DEADLINE_EXCEEDED)]

    (poll,) = await make_fetcher(source).fetch_group(["a"])

    assert isinstance(poll, Snapshot)


async def test_pauses_between_attempts_grow(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.UNAVAILABLE)] * 2

    await make_fetcher(source, RetryPolicy(first_pause=timedelta(seconds=1))).fetch_group(["a"])

    assert source.clock.slept == [1, 2]


async def test_attempts_are_limited(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.UNAVAILABLE) for _ in range(9)]

    (poll,) = await make_fetcher(source, RetryPolicy(attempts=3)).fetch_group(["a"])

    assert len(source.asked) == 3
    assert isinstance(poll, FailedPoll)


async def test_a_failed_poll_has_the_error_of_the_source(source: ScriptedSource) -> None:
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
async def test_a_permanent_error_is_not_retried(source: ScriptedSource, outcome: Outcome) -> None:
    source.script["a"] = [refusal(outcome)]

    await make_fetcher(source).fetch_group(["a"])

    assert source.asked == ["a"]


async def test_an_error_of_one_participant_does_not_affect_the_others(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.GONE)]

    polls = await make_fetcher(source).fetch_group(["a", "b"])

    assert [type(poll) for poll in polls] == [FailedPoll, Snapshot]


async def test_no_attempt_starts_after_the_window(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.DEADLINE_EXCEEDED) for _ in range(9)]
    source.takes = timedelta(seconds=5)

    await make_fetcher(source, RetryPolicy(attempts=9, retry_window=timedelta(seconds=8))).fetch_group(["a"])

    assert len(source.asked) == 2


async def test_a_retry_waits_for_retry_after(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.UNAVAILABLE, retry_after_sec=3)]

    await make_fetcher(source).fetch_group(["a"])

    assert source.clock.slept == [3]


async def test_a_retry_after_beyond_the_window_waits_for_the_next_cycle(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.UNAVAILABLE, retry_after_sec=60)]

    (poll,) = await make_fetcher(source).fetch_group(["a"])

    assert isinstance(poll, FailedPoll)
    assert source.clock.slept == []


async def test_after_a_429_a_participant_is_not_polled_until_retry_after(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.RATE_LIMITED, retry_after_sec=60)]
    fetcher = make_fetcher(source)
    await fetcher.fetch_group(["a", "b"])
    source.clock.move(LATER)

    polls = await fetcher.fetch_group(["a", "b"])

    assert [poll.participant for poll in polls] == ["b"]


async def test_a_429_without_retry_after_waits_for_one_token(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.RATE_LIMITED)]
    fetcher = make_fetcher(source)
    await fetcher.fetch_group(["a"])

    too_early = await fetcher.fetch_group(["a"])
    source.clock.move(LIST_TOKEN_PERIOD)
    in_time = await fetcher.fetch_group(["a"])

    assert (len(too_early), len(in_time)) == (0, 1)


async def test_an_absurd_retry_after_is_capped(source: ScriptedSource) -> None:
    source.script["a"] = [refusal(Outcome.RATE_LIMITED, retry_after_sec=10**9)]
    fetcher = make_fetcher(source)
    await fetcher.fetch_group(["a"])
    source.clock.move(MAX_BACKOFF)

    polls = await fetcher.fetch_group(["a"])

    assert len(polls) == 1


async def test_an_unexpected_error_is_a_malformed_poll(source: ScriptedSource) -> None:
    source.script["a"] = [KeyError("surprise")]

    polls = await make_fetcher(source).fetch_group(["a", "b"])

    assert [poll.outcome for poll in polls] == [Outcome.MALFORMED, Outcome.OK]


async def test_a_cancellation_is_no_poll(source: ScriptedSource) -> None:
    source.script["a"] = [asyncio.CancelledError()]

    with pytest.raises(asyncio.CancelledError):
        await make_fetcher(source).fetch_group(["a"])
