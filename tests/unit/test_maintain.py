from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dict_rate_limit.usecases.maintain import MaintenanceResult, maintain
from samples.domain import NOON

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass
class DiaryMaintenance:
    """Records its calls."""

    diary: list[tuple[str, datetime, int | None]] = field(default_factory=list)

    async def make_partitions(self, today: datetime) -> Sequence[str]:
        self.diary.append(("make", today, None))
        return ["2026_12"]

    async def drop_partitions(self, today: datetime, retention_months: int) -> Sequence[str]:
        self.diary.append(("drop", today, retention_months))
        return ["2025_10"]

    async def roll_up(self, today: datetime) -> int:
        self.diary.append(("roll up", today, None))
        return 29


async def test_months_are_created_first_and_dropped_after_the_roll_up() -> None:
    maintenance = DiaryMaintenance()

    await maintain(maintenance, NOON, retention_months=13)

    assert maintenance.diary == [("make", NOON, None), ("roll up", NOON, None), ("drop", NOON, 13)]


async def test_the_result_lists_created_and_dropped_months() -> None:
    done = await maintain(DiaryMaintenance(), NOON, retention_months=13)

    assert done == MaintenanceResult(made=["2026_12"], dropped=["2025_10"], rolled_up=29)
