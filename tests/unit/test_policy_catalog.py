from __future__ import annotations

import pytest

from dict_rate_limit.domain.buckets.bucket import is_policy_name
from dict_rate_limit.domain.buckets.catalog import (
    ANTISCAN,
    BY_CATEGORY,
    CATEGORY_LIMITS,
    FIXED_LIMITS,
    POLICIES_LIST,
    PSP_POLICIES,
    PublishedLimits,
    published_limits,
)


def test_twenty_nine_policies_of_a_participant_are_published() -> None:
    assert len(PSP_POLICIES) == len(set(PSP_POLICIES)) == 29


def test_every_published_name_is_a_policy_name() -> None:
    assert [name for name in PSP_POLICIES if not is_policy_name(name)] == []


def test_categories_run_from_a_to_h_each_smaller_than_the_one_before() -> None:
    sizes = [limits.capacity for limits in CATEGORY_LIMITS.values()]

    assert "".join(CATEGORY_LIMITS) == "ABCDEFGH"
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("name", BY_CATEGORY)
def test_two_policies_follow_the_category(name: str) -> None:
    limits = published_limits(name, "G")

    assert limits == PublishedLimits(capacity=250, refill_tokens=25, refill_period_sec=60)


def test_a_fixed_policy_ignores_the_category() -> None:
    assert published_limits(POLICIES_LIST, "A") == published_limits(POLICIES_LIST, "whatever")


def test_one_policy_is_refilled_by_the_day() -> None:
    by_day = [name for name, limits in FIXED_LIMITS.items() if limits.refill_period_sec == 86_400]

    assert by_day == ["CIDS_FILES_WRITE"]


@pytest.mark.parametrize(("name", "category"), [(ANTISCAN, "Z"), (ANTISCAN, "a"), (ANTISCAN, ""), ("NEW_POLICY", "A")])
def test_an_unpublished_policy_has_no_expectation(name: str, category: str) -> None:
    assert published_limits(name, category) is None
