from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dict_rate_limit.domain.buckets.catalog import ANTISCAN, POLICIES_LIST, POLICIES_READ, PSP_POLICIES
from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.simulator.fake_dict import FakeDict, World
from dict_rate_limit.simulator.faults import ErrorStatus, Fault, Garbage, Listing, Reply
from dict_rate_limit.simulator.scenario import SCENARIOS, scenario_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dict_rate_limit.domain.buckets.bucket import RawPolicy

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
US = "default"


def world(
    scenario: str = "still", *, seed: int = 1, participants: Sequence[str] = (US,), start: datetime = START
) -> World:
    return World(scenario=scenario_named(scenario), start=start, seed=seed, participants=participants)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def listing(reply: Reply) -> Listing:
    assert isinstance(reply.answer, Listing)
    return reply.answer


def refusal(reply: Reply) -> ErrorStatus:
    assert isinstance(reply.answer, ErrorStatus)
    return reply.answer


def listed(fake: FakeDict, at: datetime = START, participant: str = US) -> dict[str, RawPolicy]:
    return {policy.name: policy for policy in listing(fake.list_policies(participant, at)).policies}


def test_a_list_has_every_published_policy() -> None:
    assert tuple(listed(FakeDict(world()))) == PSP_POLICIES


def test_a_response_has_its_time_and_category() -> None:
    answer = listing(FakeDict(world()).list_policies(US, after(7)))

    assert (answer.response_time, answer.category) == (after(7), "C")


def test_a_single_read_has_only_that_policy() -> None:
    answer = listing(FakeDict(world()).get_policy(US, "KEYS_CHECK", START))

    assert [policy.name for policy in answer.policies] == ["KEYS_CHECK"]


def test_a_list_is_charged_to_its_own_budget() -> None:
    fake = FakeDict(world())

    levels = [listed(fake)[POLICIES_LIST].available_tokens for _ in range(3)]

    assert levels == [19, 18, 17]


def test_a_single_read_is_charged_to_the_other_budget_even_for_an_unknown_name() -> None:
    fake = FakeDict(world())

    answer = refusal(fake.get_policy(US, "NO_SUCH_POLICY", START))

    assert answer.status == 404
    assert listed(fake)[POLICIES_READ].available_tokens == 199


def test_the_twenty_first_list_at_once_is_a_429_with_retry_after() -> None:
    fake = FakeDict(world())
    for _ in range(20):
        fake.list_policies(US, START)

    answer = refusal(fake.list_policies(US, START))

    assert (answer.status, answer.retry_after_sec) == (429, 10)


def test_a_rejected_list_costs_nothing() -> None:
    fake = FakeDict(world())
    for _ in range(25):
        fake.list_policies(US, START)

    assert listed(fake, after(10))[POLICIES_LIST].available_tokens == 0


def test_an_unknown_participant_is_rejected() -> None:
    assert refusal(FakeDict(world()).list_policies("12345678", START)).status == 403


def test_each_participant_has_its_own_budget() -> None:
    fake = FakeDict(world(participants=("00000001", "00000002")))
    fake.list_policies("00000001", START)

    assert listed(fake, participant="00000002")[POLICIES_LIST].available_tokens == 19


def test_many_participants_are_spread_over_all_categories() -> None:
    names = [f"{number:08}" for number in range(64)]
    fake = FakeDict(world(participants=names))

    categories = {listing(fake.list_policies(name, START)).category for name in names}

    assert categories == set("ABCDEFGH")


def test_requests_of_the_participant_are_counted() -> None:
    fake = FakeDict(world())

    admitted = fake.spend(US, "KEYS_CHECK", 100, START)

    assert admitted == 70
    assert listed(fake)["KEYS_CHECK"].available_tokens == 0


def test_a_request_without_a_bucket_is_not_admitted() -> None:
    assert FakeDict(world()).spend(US, "NO_SUCH_POLICY", 1, START) == 0


def test_a_downgrade_changes_two_capacities_and_no_tokens() -> None:
    fake = FakeDict(world())

    fake.change_category(US, "D", START)

    policy = listed(fake)[ANTISCAN]
    assert (policy.capacity, policy.available_tokens, policy.policy_category) == (16_000, 30_000, "D")


def test_an_unknown_category_does_not_change_the_limits() -> None:
    fake = FakeDict(world())

    fake.change_category(US, "", START)

    assert listed(fake)[ANTISCAN].capacity == 30_000


def test_a_late_call_does_not_turn_time_back() -> None:
    fake = FakeDict(world())
    fake.spend(US, "KEYS_CHECK", 70, START)
    fake.list_policies(US, after(30))

    assert listed(fake, after(10))["KEYS_CHECK"].available_tokens == 35


def test_a_naive_start_is_rejected() -> None:
    with pytest.raises(InvalidValueError, match="start"):
        world(start=datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused


@given(
    scenario=st.sampled_from(sorted(SCENARIOS)),
    seed=st.integers(0, 2**32),
    times=st.lists(st.integers(0, 600), min_size=1, max_size=6).map(sorted),
)
@settings(max_examples=12)
def test_the_same_seed_and_times_give_the_same_responses(scenario: str, seed: int, times: list[int]) -> None:
    one, other = FakeDict(world(scenario, seed=seed)), FakeDict(world(scenario, seed=seed))

    assert [one.list_policies(US, after(sec)) for sec in times] == [
        other.list_policies(US, after(sec)) for sec in times
    ]


def test_another_seed_gives_another_day() -> None:
    one, other = FakeDict(world("calm-day", seed=1)), FakeDict(world("calm-day", seed=2))

    assert listed(one, after(300)) != listed(other, after(300))


@given(times=st.lists(st.floats(0, 300), min_size=1, max_size=10).map(sorted))
@settings(max_examples=8)
def test_traffic_does_not_depend_on_reads(times: list[float]) -> None:
    watched, left_alone = FakeDict(world("lively")), FakeDict(world("lively"))
    for seconds in times:
        watched.get_policy(US, "KEYS_CHECK", after(seconds))

    seen, unseen = listed(watched, after(300)), listed(left_alone, after(300))

    del seen[POLICIES_READ], unseen[POLICIES_READ]
    assert seen == unseen


@pytest.mark.parametrize(
    ("fault", "status", "left"),
    [
        (Fault.UNAVAILABLE, 503, 18),
        (Fault.FORBIDDEN, 403, 18),
        (Fault.GONE, 410, 18),
        (Fault.INTERNAL, 500, 19),
        (Fault.RATE_LIMITED, 429, 19),
    ],
)
def test_a_broken_dict_charges_every_status_but_500_and_429(fault: Fault, status: int, left: int) -> None:
    fake = FakeDict(world())

    fake.inject(fault)
    answer = refusal(fake.list_policies(US, START))
    fake.clear()

    assert answer.status == status
    assert listed(fake)[POLICIES_LIST].available_tokens == left


def spoilt(fault: Fault) -> Listing:
    fake = FakeDict(world())
    fake.inject(fault)
    return listing(fake.list_policies(US, START))


def test_two_items_of_a_malformed_response_are_unreadable() -> None:
    answer = spoilt(Fault.MALFORMED_ITEM)

    assert len(answer.policies) == 31
    assert [policy.name for policy in answer.policies[29:]] == ["not a name", "BELOW_NOTHING"]


def test_a_duplicate_item_contradicts_the_first() -> None:
    first, *_, last = spoilt(Fault.DUPLICATE_ITEM).policies

    assert first.name == last.name
    assert first.available_tokens != last.available_tokens


def test_an_unknown_policy_is_added() -> None:
    assert spoilt(Fault.UNKNOWN_POLICY).policies[-1].name not in PSP_POLICIES


def test_zeros_appear_as_in_the_official_examples() -> None:
    first = spoilt(Fault.ZERO_CAPACITY).policies[0]

    assert (first.available_tokens, first.capacity, first.refill_tokens, first.refill_period_sec) == (0, 0, 0, 0)


def test_negative_tokens_appear_as_in_the_manual() -> None:
    assert spoilt(Fault.NEGATIVE_TOKENS).policies[0].available_tokens == -15


def test_a_response_may_be_empty() -> None:
    assert spoilt(Fault.EMPTY).policies == ()


def test_a_response_may_have_no_time() -> None:
    assert spoilt(Fault.NO_TIME).response_time is None


def test_time_may_be_both_missing_and_backwards() -> None:
    fake = FakeDict(world())
    fake.inject(Fault.NO_TIME, Fault.BACKWARDS_TIME)

    assert listing(fake.list_policies(US, START)).response_time is None


def test_a_clock_may_run_backwards() -> None:
    assert spoilt(Fault.BACKWARDS_TIME).response_time == START - timedelta(minutes=10)


def test_a_proxy_may_repeat_the_last_response() -> None:
    fake = FakeDict(world())
    before = listing(fake.list_policies(US, START))
    fake.inject(Fault.REPEATED_TIME)

    again = listing(fake.list_policies(US, after(60)))

    assert again == before


def test_a_proxy_without_a_response_requests_one() -> None:
    assert spoilt(Fault.REPEATED_TIME).response_time == START


def test_a_malformed_response_overrides_other_faults() -> None:
    fake = FakeDict(world())
    fake.inject(Fault.GARBAGE, Fault.MALFORMED_ITEM)

    assert isinstance(fake.list_policies(US, START).answer, Garbage)


def test_a_single_read_may_return_another_policy() -> None:
    fake = FakeDict(world())
    fake.inject(Fault.WRONG_NAME)

    answer = listing(fake.get_policy(US, "KEYS_CHECK", START))

    assert answer.policies[0].name == "ANOTHER_POLICY"


@pytest.mark.parametrize(("fault", "delay"), [(Fault.SLOW, 2.0), (Fault.SILENT, 86_400.0), (Fault.NO_TIME, 0.0)])
def test_a_response_may_be_late_or_missing(fault: Fault, delay: float) -> None:
    fake = FakeDict(world())
    fake.inject(fault)

    assert fake.list_policies(US, START).delay_sec == delay


def test_every_response_has_its_own_correlation_id() -> None:
    fake = FakeDict(world())

    ids = {fake.list_policies(US, START).correlation_id for _ in range(5)}

    assert len(ids) == 5
