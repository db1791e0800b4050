from __future__ import annotations

from datetime import timedelta

import pytest

from dict_rate_limit.apps.cli.output import format_count, format_duration, format_size, format_time
from samples.domain import NOON


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3_905, "1 h 5 min"),
        (3_600, "1 h"),
        (90_061, "1 d 1 h"),
        (86_460, "1 d"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 * 2**30, "5.0 GiB"), (3 * 2**50, "3072.0 TiB")],
)
def test_a_size_has_the_unit_that_fits(size: int, text: str) -> None:
    assert format_size(size) == text


def test_a_count_has_its_noun() -> None:
    assert (format_count(1, "row"), format_count(34_567, "row")) == ("1 row", "34,567 rows")


def test_a_timestamp_is_in_utc_and_optional() -> None:
    assert (format_time(NOON), format_time(None)) == ("2026-11-23T12:00:00Z", "none")
