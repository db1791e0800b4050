from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Kind, Severity
from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.notifications.silence import LONGEST, Matchers, Recurrence, Weekday
from samples.alerts import HOUR, MINUTE, ended, open_alert, silence
from samples.domain import NOON

if TYPE_CHECKING:
    from collections.abc import Callable

    from dict_rate_limit.domain.notifications.silence import Silence

MONDAY = NOON
NIGHT = Recurrence(days=(Weekday.FRI,), start=time(22), end=time(6), time_zone="America/Sao_Paulo")
OFFICE = Recurrence(days=(Weekday.MON, Weekday.TUE), start=time(9), end=time(18), time_zone="America/Sao_Paulo")
DAYS = Recurrence(days=tuple(Weekday), start=time(9), end=time(18), time_zone="America/Sao_Paulo")
NIGHTS = Recurrence(days=tuple(Weekday), start=time(22), end=time(6), time_zone="Europe/Lisbon")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    "matchers",
    [
        Matchers(),
        Matchers(policy="CLAIMS_*"),
        Matchers(policy="CLAIMS_REA?", kind="THRESHOLD", severity="WARNING", participant="12345678"),
        Matchers(severity="*ING"),
    ],
)
def test_an_alert_matches_when_every_glob_matches(matchers: Matchers) -> None:
    assert matchers.match(open_alert())


@pytest.mark.parametrize(
    "matchers",
    [
        Matchers(policy="claims_*"),
        Matchers(policy="CLAIMS"),
        Matchers(kind="DRILL"),
        Matchers(severity="CRITICAL"),
        Matchers(participant="8765*"),
        Matchers(policy="CLAIMS_*", severity="CRITICAL"),
    ],
)
def test_an_alert_does_not_match_when_one_glob_does_not(matchers: Matchers) -> None:
    assert not matchers.match(open_alert())


def test_an_alert_without_a_policy_matches_only_the_glob_for_all() -> None:
    blind = open_alert(ANY_POLICY, Kind.SOURCE_UNREACHABLE, Severity.CRITICAL)

    assert Matchers().match(blind)
    assert not Matchers(policy="CLAIMS_*").match(blind)


@pytest.mark.parametrize("field", ["policy", "kind", "severity", "participant"])
def test_a_glob_with_invalid_characters_is_rejected_with_its_field(field: str) -> None:
    for glob in ["", "[A-Z]*", "A B", "CLAIMS-READ", "É*", "*\n", "A" * 101]:
        with pytest.raises(InvalidValueError, match=f"^{field}: .*expected a glob"):
            Matchers(**{field: glob})


def test_a_silence_is_active_from_its_start_to_before_its_end() -> None:
    one = silence(starts_at=NOON + MINUTE)

    held = [one.active_at(NOON + minutes * MINUTE) for minutes in (0, 1, 59, 60)]

    assert held == [False, True, True, False]


def test_a_silence_ended_early_is_active_until_then() -> None:
    one = ended(silence(), NOON + 10 * MINUTE)

    assert one.active_at(NOON + 9 * MINUTE)
    assert not one.active_at(NOON + 10 * MINUTE)


def test_ending_a_silence_late_does_not_extend_it() -> None:
    assert not ended(silence(), NOON + 2 * HOUR).active_at(NOON + HOUR)


def test_an_active_silence_suppresses_matching_alerts() -> None:
    one = silence(Matchers(policy="CLAIMS_*"))

    assert one.suppresses(open_alert(), NOON)
    assert not one.suppresses(open_alert(), NOON + HOUR)
    assert not one.suppresses(open_alert("ENTRIES_WRITE"), NOON)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: silence(ends_at=NOON), "ends_at: .*expected a time to come"),
        (lambda: silence(starts_at=NOON - 2 * HOUR, ends_at=NOON - HOUR), "ends_at: .*expected a time to come"),
        (
            lambda: silence(starts_at=NOON + 2 * HOUR, ends_at=NOON + HOUR),
            "ends_at: .*expected later than starts_at",
        ),
        (lambda: silence(ends_at=NOON + LONGEST + MINUTE), "ends_at: .*expected within 366 days"),
        (lambda: silence(ends_at=datetime(2026, 11, 24)), "ends_at: .*time zone"),  # noqa: DTZ001 -- what is refused
        (lambda: silence(starts_at=datetime(2026, 11, 23)), "starts_at: .*time zone"),  # noqa: DTZ001 -- likewise
        (lambda: ended(silence(), datetime(2026, 11, 23)), "ended_at: .*time zone"),  # noqa: DTZ001 -- likewise
    ],
)
def test_invalid_times_are_rejected(make: Callable[[], Silence], message: str) -> None:
    with pytest.raises(InvalidValueError, match=f"^{message}"):
        make()


@pytest.mark.parametrize(
    ("moment", "held"),
    [
        ("2026-11-23T11:59:59+00:00", False),  # Monday, 8:59:59 in São Paulo
        ("2026-11-23T12:00:00+00:00", True),
        ("2026-11-23T20:59:59+00:00", True),
        ("2026-11-23T21:00:00+00:00", False),
        ("2026-11-24T12:00:00+00:00", True),
        ("2026-11-25T12:00:00+00:00", False),
    ],
)
def test_a_recurrence_is_active_on_its_days_and_hours_in_its_time_zone(moment: str, *, held: bool) -> None:
    assert OFFICE.covers(at(moment)) is held


@pytest.mark.parametrize(
    ("moment", "held"),
    [
        ("2026-11-27T21:59-03:00", False),  # Friday
        ("2026-11-27T22:00-03:00", True),
        ("2026-11-28T05:59-03:00", True),  # the night of Friday is over on Saturday at six
        ("2026-11-28T06:00-03:00", False),
        ("2026-11-28T22:00-03:00", False),
        ("2026-11-27T05:00-03:00", False),  # the night of Thursday
    ],
)
def test_a_recurrence_over_midnight_belongs_to_its_first_day(moment: str, *, held: bool) -> None:
    assert NIGHT.covers(at(moment)) is held


def test_the_night_of_sunday_includes_monday_morning() -> None:
    sunday = Recurrence(days=(Weekday.SUN,), start=time(22), end=time(6), time_zone="UTC")

    assert sunday.covers(MONDAY.replace(hour=5))


def test_the_same_start_and_end_are_a_whole_day() -> None:
    whole = Recurrence(days=(Weekday.MON,), start=time(9), end=time(9), time_zone="UTC")

    held = [whole.covers(MONDAY.replace(hour=9) + timedelta(hours=hours)) for hours in (-1, 0, 23, 24)]

    assert held == [False, True, True, False]


def test_hours_follow_summer_time() -> None:
    berlin = Recurrence(days=tuple(Weekday), start=time(9), end=time(10), time_zone="Europe/Berlin")

    assert berlin.covers(datetime(2026, 1, 5, 8, 30, tzinfo=UTC))
    assert berlin.covers(datetime(2026, 7, 6, 7, 30, tzinfo=UTC))


def test_a_recurring_silence_is_active_only_within_its_hours() -> None:
    week = silence(ends_at=NOON + timedelta(days=7), recurrence=OFFICE)

    assert week.active_at(NOON + HOUR)
    assert not week.active_at(NOON + 12 * HOUR)
    assert not week.active_at(NOON + timedelta(days=7, hours=1))


@pytest.mark.parametrize("days", [(), (Weekday.MON, Weekday.MON)])
def test_a_recurrence_needs_distinct_days(days: tuple[Weekday, ...]) -> None:
    with pytest.raises(InvalidValueError, match=r"^days: .*expected MON to SUN"):
        Recurrence(days=days, start=time(9), end=time(10), time_zone="UTC")


@pytest.mark.parametrize(
    ("start", "end"), [(time(9, tzinfo=UTC), time(10)), (time(9), time(10, tzinfo=UTC))], ids=["start", "end"]
)
def test_hours_of_a_recurrence_with_a_time_zone_are_rejected(start: time, end: time) -> None:
    with pytest.raises(InvalidValueError, match="expected times without a zone"):
        Recurrence(days=(Weekday.MON,), start=start, end=end, time_zone="UTC")


@pytest.mark.parametrize(
    "zone", ["", "Brazil/Nowhere", "../../etc/passwd", "/etc/localtime", "America", "UTC\0", "x" * 5000]
)
def test_an_unknown_time_zone_is_rejected(zone: str) -> None:
    with pytest.raises(InvalidValueError, match=r"^time_zone: .*expected an IANA name"):
        Recurrence(days=(Weekday.MON,), start=time(9), end=time(10), time_zone=zone)


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "x" * 501])
def test_a_silence_without_a_printable_reason_is_rejected(reason: str) -> None:
    with pytest.raises(InvalidValueError, match=r"^reason: .*expected 1 to 500"):
        replace(silence(), reason=reason)


def test_a_silence_is_active_until_its_end() -> None:
    assert silence().active_until(NOON) == NOON + HOUR


@pytest.mark.parametrize(
    ("hours", "moment", "until"),
    [
        (DAYS, "2026-11-23T15:00Z", "2026-11-23T21:00Z"),
        (DAYS, "2026-11-23T20:59Z", "2026-11-23T21:00Z"),
        (NIGHTS, "2026-11-23T23:00Z", "2026-11-24T06:00Z"),
        (NIGHTS, "2026-11-24T01:00Z", "2026-11-24T06:00Z"),
        (NIGHTS, "2026-03-28T23:00Z", "2026-03-29T05:00Z"),  # clocks go forward that night
    ],
)
def test_a_recurring_silence_is_active_until_the_end_of_its_hours(hours: Recurrence, moment: str, until: str) -> None:
    one = silence(starts_at=at("2026-03-01T00:00Z"), ends_at=at("2026-12-31T00:00Z"), recurrence=hours)

    assert one.active_until(at(moment)) == at(until)


def test_a_recurring_silence_ends_with_its_period() -> None:
    one = silence(ends_at=at("2026-11-23T16:00Z"), recurrence=DAYS)

    assert one.active_until(at("2026-11-23T15:00Z")) == at("2026-11-23T16:00Z")
