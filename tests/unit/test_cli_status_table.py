from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from api.stub import listing, policy
from dict_rate_limit.apps.cli.client import ApiResponse
from dict_rate_limit.apps.cli.status import PolicyTable, status_view


def shown(body: bytes, *, width: int = 80, stale: bool = False, encoding: str = "utf-8") -> list[str]:
    raw = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=raw, width=width, highlight=False, markup=False, emoji=False)
    answer = ApiResponse(text=body.decode(), document=msgspec.json.decode(body, type=PolicyTable), stale=stale)
    console.print(status_view(answer, width))
    raw.seek(0)
    return raw.read().splitlines()


def names(lines: list[str]) -> list[str]:
    return [line.split()[1] for line in lines[lines.index(next(line for line in lines if "POLICY" in line)) + 1 :]]


def test_policies_are_sorted_by_severity_with_disabled_ones_last() -> None:
    lines = shown(listing())

    assert names(lines) == [
        "KEYS_CHECK",
        "CLAIMS_LIST_WITHOUT_ROLE",
        "ENTRIES_READ_PARTICIPANT_ANTISCAN",
        "ENTRIES_STATISTICS_READ",
        "POLICIES_LIST",
        "ENTRIES_WRITE",
        "INFRACTION_REPORTS_LIST_WITHOUT_ROLE",
        "REFUNDS_WRITE",
        "EVENT_LIST",
    ]


def test_a_row_has_level_tokens_use_and_age() -> None:
    lines = shown(listing(policy("CLAIMS_READ", 4500, 18000, "WARNING"), age_seconds=125))

    cells = lines[-1].split()
    assert cells[:2] == ["WARNING", "CLAIMS_READ"]
    assert cells[-5:] == ["4500", "of", "18000", "75.0%", "2m"]


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_table_fits_its_width_with_one_row_per_policy(width: int) -> None:
    lines = shown(listing(), width=width)

    assert max(len(line) for line in lines) <= width
    assert len(names(lines)) == 9


def test_the_summary_counts_policies_with_alerts_enabled() -> None:
    lines = shown(listing(), width=200)

    assert lines[0].rstrip() == (
        "12345678, category C: 9 policies, 2 CRITICAL, 1 WARNING, 1 UNKNOWN, 1 without alerts; read 4 s ago"
    )


def test_a_stale_response_is_marked() -> None:
    lines = shown(listing(), width=200, stale=True)

    assert lines[0].rstrip().endswith("read 4 s ago, STALE")


@pytest.mark.parametrize(
    ("available", "capacity", "glyphs"),
    [
        (0, 100, "."),
        (-15, 100, "."),
        (1, 100, "#."),
        (50, 100, "#."),
        (99, 100, "#."),
        (100, 100, "#"),
        (150, 100, "#"),
        (0, 0, "."),
    ],
)
def test_the_bar_is_empty_or_full_only_when_the_bucket_is(available: int, capacity: int, glyphs: str) -> None:
    lines = shown(listing(policy("A", available, capacity, "CRITICAL")), encoding="ascii")

    bar = lines[-1].split()[2]
    assert "".join(dict.fromkeys(bar)) == glyphs


def test_the_length_of_the_bar_is_the_share_left() -> None:
    lines = shown(listing(policy("A", 25, 100, "WARNING")))

    bar = lines[-1].split()[2]
    assert abs(bar.count("█") / len(bar) - 0.25) < 1 / len(bar)


def test_a_bucket_without_capacity_has_no_use() -> None:
    lines = shown(listing(policy("A", 0, 0, "UNKNOWN")))

    assert lines[-1].split()[-2] == "?"


def test_an_empty_list_is_one_line() -> None:
    body = listing().replace(b'"policies": [', b'"policies": [], "others": [')

    assert shown(body, width=200) == ["12345678, category C: 0 policies; read 4 s ago"]


def test_text_of_the_server_cannot_control_the_terminal() -> None:
    lines = shown(listing(policy("A\x1b[2J\nB[red]", 1, 1, "OK\x07")))

    assert "\x1b" not in "".join(lines)
    assert any("A?[2J?B[red]" in line for line in lines)
