from __future__ import annotations

import pytest
from temporalio import workflow
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from dict_rate_limit.workflows.definitions import WORKFLOWS


@pytest.mark.parametrize("definition", WORKFLOWS, ids=lambda definition: definition.__name__)
async def test_the_sandbox_can_load_every_workflow(definition: type) -> None:
    SandboxedWorkflowRunner().prepare_workflow(workflow._Definition.must_from_class(definition))


@pytest.mark.parametrize("definition", WORKFLOWS, ids=lambda definition: definition.__name__)
async def test_no_workflow_runs_outside_the_sandbox(definition: type) -> None:
    assert workflow._Definition.must_from_class(definition).sandboxed
