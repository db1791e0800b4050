"""The control plane itself, without the product: it runs pods, rejects violations, and leaves no process."""

from __future__ import annotations

import subprocess
from os import environ  # noqa: TID251 -- of the test run, handed on
from typing import TYPE_CHECKING, Any

import pytest

from processes import processes_in
from tool_box import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.cluster_client import Client, Ended

RESTRICTED_CONTAINER = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def job(labels: dict[str, str]) -> dict[str, Any]:
    container = {"name": "work", "image": "work:1", "securityContext": RESTRICTED_CONTAINER}
    template = {"metadata": {"labels": labels}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "work"},
        "spec": {"backoffLimit": 0, "template": template},
    }


def pod(security_context: dict[str, Any]) -> dict[str, Any]:
    container = {"name": "work", "image": "work:1", "securityContext": security_context}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "work"}, "spec": {"containers": [container]}}


def waited(namespace: Client, what: str, condition: str) -> Ended:
    return namespace.try_kubectl("wait", what, f"--for={condition}", "--timeout=30s")


def test_a_pod_becomes_ready_on_one_of_two_nodes(namespace: Client) -> None:
    namespace.apply(pod(RESTRICTED_CONTAINER))

    assert waited(namespace, "pod/work", "condition=Ready").code == 0
    assert namespace.get("pod", "work")["spec"]["nodeName"] in namespace.names("nodes") == {"node-a", "node-b"}


def test_a_pod_that_violates_the_restricted_standard_is_rejected(namespace: Client) -> None:
    with pytest.raises(AssertionError, match='violates PodSecurity "restricted'):
        namespace.apply(pod({}))


@pytest.mark.parametrize(("labels", "condition"), [({}, "complete"), ({"simulated-end": "failure"}, "failed")])
def test_a_job_ends_with_the_result_of_its_label(namespace: Client, labels: dict[str, str], condition: str) -> None:
    namespace.apply(job(labels))

    assert waited(namespace, "job/work", f"condition={condition}").code == 0


def test_the_script_runs_a_second_control_plane_and_leaves_no_process(namespace: Client, data_folder: Path) -> None:
    command = [str(REPOSITORY / "scripts" / "cluster"), "sh", "-c", "kubectl get namespaces --output=name && exit 7"]

    ended = subprocess.run(
        command, env={**environ, "TMPDIR": str(data_folder)}, check=False, capture_output=True, text=True
    )

    assert ended.returncode == 7, ended.stderr
    assert "namespace/default" in ended.stdout.split()
    assert f"namespace/{namespace.namespace}" not in ended.stdout.split()
    assert not processes_in(data_folder)
    assert list(data_folder.iterdir()) == []
