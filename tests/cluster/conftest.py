"""One control plane for all tests of a process, and a namespace of its own for each of them."""

from __future__ import annotations

import asyncio
import itertools
import os
from typing import TYPE_CHECKING

import pytest

from cluster.cluster_client import Client
from cluster.control_plane import control_plane
from cluster.programs import CLIENTS, CONTROL_PLANE, found, tools_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMESPACE_NUMBERS = itertools.count(1)
RESTRICTED = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "latest",
}


@pytest.fixture(scope="session")
def cluster_programs() -> dict[str, Path]:
    """Paths of the control plane's programs, kubectl and helm."""
    names = tuple(dict.fromkeys([*CONTROL_PLANE, *CLIENTS]))
    programs = found(names)
    if missing := [name for name in names if name not in programs]:
        message = f"not installed: {', '.join(missing)}; scripts/tools installs them"
        required = {"CI", "REQUIRE_TOOLS"} & os.environ.keys()  # noqa: TID251 -- of the test run, not of the product
        (pytest.fail if required else pytest.skip)(message)
    return programs


@pytest.fixture(scope="session")
def cluster_config(cluster_programs: dict[str, Path], server_folder: Path) -> Iterator[Path]:
    """Path of the kubeconfig of a control plane that knows the operators' objects the chart can make."""
    plane = control_plane(cluster_programs, server_folder / "cluster")
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        config = runner.run(plane.__aenter__())
        try:
            client = Client(programs=cluster_programs, config=config, namespace="default")
            client.kubectl("apply", "--server-side", f"--filename={tools_folder().parent / 'crds' / 'crds'}")
            yield config
        finally:
            runner.run(plane.__aexit__(None, None, None))


@pytest.fixture
def namespace(cluster_programs: dict[str, Path], cluster_config: Path) -> Client:
    """A new namespace that enforces Pod Security "restricted"; it goes with the cluster."""
    client = Client(programs=cluster_programs, config=cluster_config, namespace=f"test-{next(NAMESPACE_NUMBERS)}")
    metadata = {"name": client.namespace, "labels": RESTRICTED}
    client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    return client
