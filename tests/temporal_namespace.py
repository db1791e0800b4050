"""A namespace of its own for a test, so that its schedules meet no other test's."""

from __future__ import annotations

import uuid

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from dict_rate_limit.adapters.temporal import TemporalAddress


async def new_namespace(host: str) -> TemporalAddress:
    """Register a namespace; the dev server knows it at once."""
    name = f"test-{uuid.uuid4()}"
    client = await Client.connect(host)
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=Duration(seconds=86_400))
    )
    return TemporalAddress(host=host, namespace=name)
