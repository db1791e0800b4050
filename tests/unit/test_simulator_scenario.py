from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.buckets.catalog import ANTISCAN
from dict_rate_limit.domain.buckets.level import Level, Thresholds, level_of
from dict_rate_limit.domain.buckets.reading import split_valid
from dict_rate_limit.domain.errors import SettingsError
from dict_rate_limit.simulator.bridge import VirtualClock
from dict_rate_limit.simulator.fake_dict import FakeDict, World
from dict_rate_limit.simulator.faults import ErrorStatus, Listing
from dict_rate_limit.simulator.scenario import SCENARIOS, scenario_named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dict_rate_limit.domain.buckets.bucket import Bucket

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
THRESHOLDS = Thresholds(warning=2500, critical=1000, margin=200)
SEEDS = [1, 2]


def watch(scenario: str, *, seed: int, until: int, every: int) -> Iterator[tuple[int, dict[str, Bucket]]]:
    fake = FakeDict(World(scenario=scenario_named(scenario), start=START, seed=seed))
    for second in range(0, until + 1, every):
        answer = fake.list_policies("default", START + timedelta(seconds=second)).answer
        assert isinstance(answer, Listing)
        yield second, {bucket.name: bucket for bucket in split_valid(answer.policies)[0]}


def levels(scenario: str, *, seed: int, until: int, every: int = 10) -> dict[str, list[Level]]:
    seen: dict[str, list[Level]] = {}
    for _, buckets in watch(scenario, seed=seed, until=until, every=every):
        for name, bucket in buckets.items():
            seen.setdefault(name, []).append(level_of(bucket, THRESHOLDS))
    return seen


def test_the_error_for_an_unknown_scenario_lists_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="'rainy-day', expected one of lively, still, calm-day"):
        scenario_named("rainy-day")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("level", [Level.WARNING, Level.CRITICAL])
def test_a_new_user_sees_the_first_alert_within_a_minute(seed: int, level: Level) -> None:
    seen = levels("lively", seed=seed, until=60)

    assert [name for name, path in seen.items() if path[0] is Level.OK and level in path]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_new_user_sees_the_alert_end_within_two_minutes(seed: int) -> None:
    seen = levels("lively", seed=seed, until=120)

    troubled = [path for path in seen.values() if set(path) != {Level.OK}]
    assert len(troubled) >= 4
    assert all(path[-1] is Level.OK for path in troubled)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lively_scenario_repeats_its_alerts(seed: int) -> None:
    seen = levels("lively", seed=seed, until=1200, every=20)

    assert len([path for path in seen.values() if Level.CRITICAL in path[30:]]) >= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_the_calm_scenario_has_no_alert_for_hours(seed: int) -> None:
    seen = levels("calm-day", seed=seed, until=6 * 3600, every=300)

    assert {level for path in seen.values() for level in path} == {Level.OK}


def test_the_still_scenario_has_full_buckets() -> None:
    *_, (_, last) = watch("still", seed=1, until=60, every=10)

    assert [b.name for b in last.values() if b.available_tokens != b.capacity] == ["POLICIES_LIST"]


@pytest.mark.parametrize(
    ("scenario", "policy"),
    [
        ("payday-burst", ANTISCAN),
        ("payday-burst", "ENTRIES_WRITE"),
        ("404-scan", ANTISCAN),
        ("runaway-job", "KEYS_CHECK"),
        ("runaway-job", "CLAIMS_LIST_WITHOUT_ROLE"),
        ("category-downgrade", ANTISCAN),
    ],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_an_incident_scenario_starts_ok_and_becomes_critical(scenario: str, policy: str, seed: int) -> None:
    path = levels(scenario, seed=seed, until=660, every=30)[policy]

    assert path[0] is Level.OK
    assert Level.CRITICAL in path


@pytest.mark.parametrize(("scenario", "others"), [("404-scan", 28), ("runaway-job", 27)])
def test_an_incident_scenario_does_not_affect_other_buckets(scenario: str, others: int) -> None:
    seen = levels(scenario, seed=1, until=900, every=30)

    assert len([name for name, path in seen.items() if set(path) == {Level.OK}]) == others


def test_a_downgrade_leaves_tokens_above_the_capacity_for_a_while() -> None:
    over = {sec for sec, buckets in watch("category-downgrade", seed=1, until=300, every=30)
            if buckets[ANTISCAN].available_tokens > buckets[ANTISCAN].capacity}  # fmt: skip

    assert 120 in over
    assert 300 not in over


@pytest.mark.parametrize(("second", "status"), [(60, 200), (200, 503), (500, 200), (1100, 503)])
def test_an_outage_starts_and_ends(second: int, status: int) -> None:
    fake = FakeDict(World(scenario=SCENARIOS["outage"], start=START))

    answer = fake.list_policies("default", START + timedelta(seconds=second)).answer

    assert (answer.status if isinstance(answer, ErrorStatus) else 200) == status


def test_a_repeating_clock_repeats_and_then_lags() -> None:
    fake = FakeDict(World(scenario=SCENARIOS["clock-repeat"], start=START))

    answers = [fake.list_policies("default", START + timedelta(seconds=sec)).answer for sec in (30, 90, 150, 310)]

    times = [answer.response_time for answer in answers if isinstance(answer, Listing)]
    assert times == [*[START + timedelta(seconds=30)] * 3, START + timedelta(seconds=310 - 600)]


def test_only_affected_participants_follow_the_scenario() -> None:
    scenario = SCENARIOS["runaway-job"]

    assert scenario.profile("KEYS_CHECK", 0) != scenario.profile("KEYS_CHECK", 1)


def test_payday_affects_every_participant() -> None:
    scenario = SCENARIOS["payday-burst"]

    assert scenario.profile("KEYS_CHECK", 0) == scenario.profile("KEYS_CHECK", 999)


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START

    def monotonic(self) -> float:
        return self.seconds


def test_virtual_time_runs_at_its_own_speed() -> None:
    clock = FakeClock()
    timeline = VirtualClock(clock, speed=60)

    clock.seconds = 2.0

    assert timeline.now() == START + timedelta(minutes=2)
