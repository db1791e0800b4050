from __future__ import annotations

from datetime import datetime, time

import pytest

from dict_rate_limit.domain.notifications.silence import Recurrence, Weekday
from samples.alerts import HOUR, silence
from samples.domain import NOON

OFFICE = Recurrence(days=tuple(Weekday), start=time(9), end=time(18), time_zone="America/Sao_Paulo")
NIGHT = Recurrence(days=tuple(Weekday), start=time(22), end=time(6), time_zone="Europe/Lisbon")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_silence_is_active_until_its_end() -> None:
    assert silence().active_until(NOON) == NOON + HOUR


@pytest.mark.parametrize(
    ("hours", "moment", "until"),
    [
        (OFFICE, "2026-11-23T15:00Z", "2026-11-23T21:00Z"),
        (OFFICE, "2026-11-23T20:59Z", "2026-11-23T21:00Z"),
        (NIGHT, "2026-11-23T23:00Z", "2026-11-24T06:00Z"),
        (NIGHT, "2026-11-24T01:00Z", "2026-11-24T06:00Z"),
        (NIGHT, "2026-03-28T23:00Z", "2026-03-29T05:00Z"),  # clocks go forward that night
    ],
)
def test_a_recurring_silence_is_active_until_the_end_of_its_hours(hours: Recurrence, moment: str, until: str) -> None:
    one = silence(starts_at=at("2026-03-01T00:00Z"), ends_at=at("2026-12-31T00:00Z"), recurrence=hours)

    assert one.active_until(at(moment)) == at(until)


def test_a_recurring_silence_ends_with_its_period() -> None:
    one = silence(ends_at=at("2026-11-23T16:00Z"), recurrence=OFFICE)

    assert one.active_until(at("2026-11-23T15:00Z")) == at("2026-11-23T16:00Z")
