"""Separate namespaces, so that the schedules of tests do not conflict."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from dict_rate_limit.adapters.temporal import TemporalAddress

if TYPE_CHECKING:
    from collections.abc import Iterator


async def new_namespace(host: str) -> TemporalAddress:
    """Register a namespace. The dev server knows it immediately."""
    name = f"test-{uuid.uuid4()}"
    client = await Client.connect(host)
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=Duration(seconds=86_400))
    )
    return TemporalAddress(host=host, namespace=name)


def new_namespaces(host: str, number: int) -> Iterator[TemporalAddress]:
    """Register several at once, outside any loop. The server runs no schedule of a new one for two seconds."""

    async def registered() -> list[TemporalAddress]:
        return [await new_namespace(host) for _ in range(number)]

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return iter(runner.run(registered()))
