"""StateStore: reading, tested with memory and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dict_rate_limit.domain.alerts.alert import Kind, Severity, TransitionKind
from dict_rate_limit.domain.alerts.state import PolicyOverride
from dict_rate_limit.domain.buckets.forecast import Consumption
from dict_rate_limit.domain.buckets.reading import RejectedItem
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.ports.stores import LatestReading
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, bucket, failure, snapshot, ticks

if TYPE_CHECKING:
    from store_harness import Harness
OTHER = "00000001"


async def test_the_latest_reading_survives_a_round_trip(harness: Harness) -> None:
    reading = replace(
        snapshot(
            bucket(-15, name="ZULU"),
            replace(bucket(1001, name="ALFA"), policy_category="b"),
            category="C",
            response_time=NOON - FIVE_MINUTES,
            rejected=[RejectedItem(position=2, name="lower", reason="name: 'lower', expected …")],
        ),
        correlation_id="abc",
    )

    await harness.record(reading)

    assert await harness.stores.state.latest([PARTICIPANT]) == {
        PARTICIPANT: LatestReading(
            participant=PARTICIPANT,
            snapshot=reading,
            policy_overrides={},
            last_poll_at=NOON,
            last_outcome=Outcome.OK,
        )
    }


async def test_the_latest_reading_survives_failures(harness: Harness) -> None:
    good = snapshot(bucket())

    await harness.record_all(good, failure(Outcome.GONE, NOON + FIVE_MINUTES))

    latest = (await harness.stores.state.latest([PARTICIPANT]))[PARTICIPANT]
    assert latest.snapshot == good
    assert (latest.last_poll_at, latest.last_outcome) == (NOON + FIVE_MINUTES, Outcome.GONE)


async def test_the_last_poll_is_the_one_received_last(harness: Harness) -> None:
    await harness.record_all(snapshot(bucket()), failure(at=NOON - FIVE_MINUTES))

    latest = (await harness.stores.state.latest([PARTICIPANT]))[PARTICIPANT]
    assert (latest.last_poll_at, latest.last_outcome) == (NOON, Outcome.OK)


async def test_a_reading_whose_time_repeats_is_not_the_latest(harness: Harness) -> None:
    good = snapshot(bucket())

    await harness.record_all(good, snapshot(bucket(1), at=NOON + FIVE_MINUTES, response_time=NOON))

    assert (await harness.stores.state.latest([PARTICIPANT]))[PARTICIPANT].snapshot == good


async def test_an_unreadable_policy_is_not_in_the_latest_reading(harness: Harness) -> None:
    second = snapshot(
        bucket(),
        at=NOON + FIVE_MINUTES,
        rejected=[RejectedItem(position=1, name="KEYS_CHECK", reason="capacity: -1")],
    )

    await harness.record_all(snapshot(bucket(), bucket(name="KEYS_CHECK")), second)

    assert (await harness.stores.state.latest([PARTICIPANT]))[PARTICIPANT].snapshot == second


async def test_a_participant_without_a_valid_reading_has_no_snapshot(harness: Harness) -> None:
    await harness.record(failure())

    latest = (await harness.stores.state.latest([PARTICIPANT]))[PARTICIPANT]
    assert latest.snapshot is None
    assert latest.last_outcome is Outcome.UNAVAILABLE


async def test_a_participant_never_polled_is_absent(harness: Harness) -> None:
    await harness.record(failure())

    assert set(await harness.stores.state.latest([OTHER, PARTICIPANT])) == {PARTICIPANT}


async def test_policy_overrides_come_with_the_latest_reading(harness: Harness) -> None:
    await harness.record(snapshot(bucket()))

    harness.rules.set("CLAIMS_READ", PolicyOverride(warning=3333, critical=1, enabled=False))

    rules = {"CLAIMS_READ": PolicyOverride(warning=3333, critical=1, enabled=False)}
    assert (await harness.stores.state.latest([PARTICIPANT]))[PARTICIPANT].policy_overrides == rules
    assert await harness.stores.state.policy_overrides(PARTICIPANT) == rules


async def test_an_unknown_participant_has_no_policy_overrides(harness: Harness) -> None:
    assert await harness.stores.state.policy_overrides(OTHER) == {}


async def test_open_alerts_are_sorted_by_severity_then_age(harness: Harness) -> None:
    warning, critical = bucket(200), bucket(50)
    await harness.record_all(
        snapshot(replace(warning, name="A"), bucket(name="B"), replace(critical, name="C"), bucket(name="D")),
        snapshot(
            replace(warning, name="A"),
            replace(critical, name="B"),
            replace(critical, name="C"),
            replace(warning, name="D"),
            at=NOON + FIVE_MINUTES,
        ),
        replace(snapshot(replace(critical, name="E"), at=NOON - FIVE_MINUTES), participant=OTHER),
    )

    alerts = await harness.stores.state.open_alerts([PARTICIPANT, OTHER])

    assert [alert.policy_name for alert in alerts] == ["E", "C", "B", "A", "D"]


async def test_open_alerts_are_filtered_by_participant(harness: Harness) -> None:
    await harness.record(snapshot(bucket(0)))

    assert await harness.stores.state.open_alerts([OTHER]) == []


async def test_a_resolved_alert_is_not_open(harness: Harness) -> None:
    await harness.record_all(*ticks(bucket(0), bucket()))

    assert await harness.stores.state.open_alerts([PARTICIPANT]) == []
    assert await harness.stores.state.open_alert_counts([PARTICIPANT]) == {}


async def test_polls_are_counted_by_outcome(harness: Harness) -> None:
    await harness.record_all(*ticks(bucket(), Outcome.UNAVAILABLE, bucket(), Outcome.UNAVAILABLE, Outcome.GONE))
    await harness.record(replace(snapshot(), participant=OTHER))

    assert await harness.stores.state.poll_counts([PARTICIPANT, OTHER]) == {
        (PARTICIPANT, Outcome.OK): 2,
        (PARTICIPANT, Outcome.UNAVAILABLE): 2,
        (PARTICIPANT, Outcome.GONE): 1,
        (OTHER, Outcome.EMPTY): 1,
    }


async def test_open_alerts_are_counted_by_kind_and_severity(harness: Harness) -> None:
    await harness.record_all(
        snapshot(bucket(200), bucket(1, name="KEYS_CHECK"), bucket(2, name="CLAIMS_WRITE")),
        failure(Outcome.RATE_LIMITED, NOON + FIVE_MINUTES),
    )

    assert await harness.stores.state.open_alert_counts([PARTICIPANT, OTHER]) == {
        (PARTICIPANT, Kind.THRESHOLD, Severity.WARNING): 1,
        (PARTICIPANT, Kind.THRESHOLD, Severity.CRITICAL): 2,
        (PARTICIPANT, Kind.RATE_LIMITED, Severity.WARNING): 1,
    }


async def test_the_consumption_between_the_last_two_readings_is_known(harness: Harness) -> None:
    before, after = (bucket(1000, name="A"), bucket(500, name="B")), (bucket(900, name="A"), bucket(300, name="B"))

    await harness.record_all(*ticks(before, after))

    consumption = (await harness.stores.state.latest([PARTICIPANT]))[PARTICIPANT].consumption

    assert consumption == {
        "A": Consumption(low=100, high=400, seconds=300.0, censored=True),
        "B": Consumption(low=500, high=500, seconds=300.0, censored=False),
    }


async def test_the_consumption_across_a_change_of_limits_is_unknown(harness: Harness) -> None:
    await harness.record_all(*ticks(bucket(1000), bucket(900), bucket(800, capacity=2000)))

    assert (await harness.stores.state.latest([PARTICIPANT]))[PARTICIPANT].consumption == {}


async def test_transitions_are_counted_by_kind_severity_and_type(harness: Harness) -> None:
    await harness.record_all(*ticks(bucket(1000), bucket(200), bucket(50), bucket(1000), bucket(1000, capacity=2000)))

    counts = await harness.stores.state.transition_counts([PARTICIPANT])

    threshold = (PARTICIPANT, "CLAIMS_READ", Kind.THRESHOLD)
    assert counts == {
        (*threshold, TransitionKind.OPENED): 1,
        (*threshold, TransitionKind.ESCALATED): 1,
        (*threshold, TransitionKind.RESOLVED): 1,
        (PARTICIPANT, "CLAIMS_READ", Kind.LIMITS_CHANGED, TransitionKind.NOTICED): 1,
    }
    assert await harness.stores.state.transition_counts(["00000000"]) == {}
