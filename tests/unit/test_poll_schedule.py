from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from dict_rate_limit.settings.parsers import parse_schedule

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("expression", "shortest", "longest"),
    [
        ("*/5 * * * *", timedelta(minutes=5), timedelta(minutes=5)),
        ("* * * * *", timedelta(minutes=1), timedelta(minutes=1)),
        ("0,7 * * * *", timedelta(minutes=7), timedelta(minutes=53)),
        ("*/5 8-17 * * *", timedelta(minutes=5), timedelta(hours=14, minutes=5)),
        ("0 9 * * MON-FRI", DAY, 3 * DAY),
        ("0 9 * * 0", 7 * DAY, 7 * DAY),
        ("0 0 1 * *", 28 * DAY, 31 * DAY),
        ("0 0 29 2 *", 1461 * DAY, 1461 * DAY),
        ("@every 30s", timedelta(seconds=30), timedelta(seconds=30)),
        ("@every 1m30s", timedelta(seconds=90), timedelta(seconds=90)),
    ],
)
def test_a_schedule_knows_its_gaps(expression: str, shortest: timedelta, longest: timedelta) -> None:
    schedule = parse_schedule(expression)

    assert (schedule.shortest_gap, schedule.longest_gap) == (shortest, longest)
    assert str(schedule) == expression


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "*/0 * * * *",
        "5-1 * * * *",
        "0 0 31 2 *",
        "0 0 L * *",
        "0 0 * * 5L",
        "0 0 * * MON#1",
        "0 0 1 * MON",
        "@hourly",
        "@every",
        "@every 5",
        "@every 500ms",
        "@every -5s",
        "/ / / / /",
        "1/ * * * *",
        ",,, * * * *",
        "9" * 101 + " * * * *",
    ],
)
def test_an_ambiguous_or_malformed_schedule_is_rejected(expression: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words stand with the setting
        parse_schedule(expression)


fields = st.tuples(
    st.sampled_from(["*", "*/7", "0", "59", "3,4,50", "10-20/5"]),
    st.sampled_from(["*", "*/5", "0", "8-17", "1,23"]),
    st.sampled_from(["*", "*/10"]),
    st.sampled_from(["*", "1-6"]),
    st.sampled_from(["*", "1-5", "6"]),
).map(" ".join)


@settings(max_examples=25)
@given(fields)
def test_runs_are_never_closer_or_further_apart_than_the_gaps(expression: str) -> None:
    schedule = parse_schedule(expression)

    fires = list(islice(CronSim(expression, datetime(2027, 1, 1, tzinfo=UTC)), 100))

    gaps = [later - earlier for earlier, later in pairwise(fires)]
    assert schedule.shortest_gap <= min(gaps)
    assert max(gaps) <= schedule.longest_gap
