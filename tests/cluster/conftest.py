"""One control plane for all tests of a process, with separate namespaces for tests and modules."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cluster.cluster_client import Client
from cluster.control_plane import PROGRAMS, control_plane
from tool_box import find_data, find_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

NAMESPACE_NUMBERS = itertools.count(1)
RESTRICTED = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "latest",
}
LATE_STORAGE = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "late", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "example.com/none",
    "volumeBindingMode": "WaitForFirstConsumer",
}


@pytest.fixture(scope="session")
def cluster_programs() -> dict[str, Path]:
    """Return the paths of the control plane's programs, kubectl and helm."""
    return {name: Path(find_tool(name)) for name in (*PROGRAMS, "helm")}


@pytest.fixture(scope="session")
def cluster_config(cluster_programs: dict[str, Path], server_folder: Path) -> Iterator[Path]:
    """Yield the kubeconfig of a control plane with the custom resources that the chart can create."""
    definitions = find_data("crds/crds")
    plane = control_plane(cluster_programs, server_folder / "cluster")
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        config = runner.run(plane.__aenter__())
        try:
            client = Client(programs=cluster_programs, config=config, namespace="default")
            client.kubectl("apply", "--server-side", f"--filename={definitions}")
            client.apply(LATE_STORAGE)
            yield config
        finally:
            runner.run(plane.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def cluster_client(cluster_programs: dict[str, Path], cluster_config: Path) -> Client:
    """Return a client in the namespace "default"."""
    return Client(programs=cluster_programs, config=cluster_config, namespace="default")


@pytest.fixture(scope="session")
def restricted_namespace(cluster_client: Client) -> Callable[[], AbstractContextManager[Client]]:
    """Create a namespace that enforces Pod Security "restricted". Its deletion is not awaited."""

    @contextmanager
    def made() -> Iterator[Client]:
        client = replace(cluster_client, namespace=f"test-{next(NAMESPACE_NUMBERS)}")
        metadata = {"name": client.namespace, "labels": RESTRICTED}
        client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        yield client
        client.kubectl("delete", "namespace", client.namespace, "--wait=false")

    return made


@pytest.fixture
def namespace(restricted_namespace: Callable[[], AbstractContextManager[Client]]) -> Iterator[Client]:
    """Yield a namespace for this test."""
    with restricted_namespace() as client:
        yield client
