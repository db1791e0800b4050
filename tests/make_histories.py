"""Writes tests/data/history_*.json: `.venv/bin/python tests/make_histories.py`.

Only when a workflow was changed on purpose and no run of the old form can still be under way: the saved histories
are what proves that a new version can go on where an old one stopped.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from temporalio.client import Client
from temporalio.worker import Worker

from dict_rate_limit.apps.local.temporal import NAMESPACE, embedded_temporal
from dict_rate_limit.workflows import names
from dict_rate_limit.workflows.definitions import WORKFLOWS
from scripted_activities import GROUP, ScriptedActivities

if TYPE_CHECKING:
    from temporalio.client import WorkflowHandle

DATA = Path(__file__).parent / "data"
QUEUE = "histories"


async def main() -> None:
    """Run every workflow once, and the monitor also with the broker unavailable."""
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_temporal(Path(folder)) as address:
            client = await Client.connect(address, namespace=NAMESPACE, identity="worker")
            await save(client, "monitor", names.MONITOR_WORKFLOW, GROUP)
            await save(client, "monitor_readers_away", names.MONITOR_WORKFLOW, GROUP, readers_away=True)
            await save(client, "sweep", names.SWEEP_WORKFLOW)
            await save(client, "maintain", names.MAINTAIN_WORKFLOW)


async def save(client: Client, name: str, workflow: str, *arguments: object, readers_away: bool = False) -> None:
    """Run one workflow and write its history."""
    failures = Counter({names.PUBLISH: 99 if readers_away else 0, names.RECORD: 1})
    activities = ScriptedActivities(failures=failures)
    async with Worker(client, task_queue=QUEUE, identity="worker", workflows=WORKFLOWS, activities=activities.all()):
        handle: WorkflowHandle[object, object] = await client.start_workflow(
            workflow, args=arguments, id=name, task_queue=QUEUE
        )
        await handle.result()
        history = await handle.fetch_history()
    kept = json.loads(history.to_json(), object_hook=without_stack)
    text = json.dumps(kept, indent=1, sort_keys=True)
    (DATA / f"history_{name}.json").write_text(text + "\n", encoding="utf-8")


def without_stack(part: dict[str, object]) -> dict[str, object]:
    """Drop the stack traces, which name local folders."""
    return {key: value for key, value in part.items() if key != "stackTrace"}


if __name__ == "__main__":
    asyncio.run(main())
