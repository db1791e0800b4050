"""Workflows that break determinism on purpose."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from dict_rate_limit.workflows import inputs, names
    from dict_rate_limit.workflows.activities import Activities


@workflow.defn(name=names.MONITOR_WORKFLOW)
class RecordsBeforeItFetches:
    """The monitor workflow with its activities in another order."""

    @workflow.run
    async def run(self, group: inputs.MonitorInput) -> None:
        soon = timedelta(seconds=1)
        order = inputs.RecordInput(polls=group.participants)
        await workflow.execute_activity_method(Activities.record, order, start_to_close_timeout=soon)
