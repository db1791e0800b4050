"""Runs that an older version began must be able to go on: their saved histories are replayed by today's workflows."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from dict_rate_limit.workflows.definitions import WORKFLOWS
from nondeterministic_workflows import RecordsBeforeItFetches

HISTORIES = sorted((Path(__file__).parents[1] / "data").glob("history_*.json"))


def read(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8"))


def test_every_workflow_has_saved_histories() -> None:
    assert [path.stem for path in HISTORIES] == [
        "history_maintain",
        "history_monitor",
        "history_monitor_readers_away",
        "history_sweep",
    ]


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_saved_run_can_be_replayed(path: Path) -> None:
    await Replayer(workflows=WORKFLOWS).replay_workflow(read(path))


async def test_a_changed_order_of_activities_fails_the_replay() -> None:
    history = next(path for path in HISTORIES if path.stem == "history_monitor")

    with pytest.raises(NondeterminismError):
        await Replayer(workflows=[RecordsBeforeItFetches]).replay_workflow(read(history))
