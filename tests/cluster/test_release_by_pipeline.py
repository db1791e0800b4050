"""The pipeline's own scripts, with real helm and kubectl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from cluster.release import add_secrets, images
from pipeline.stubs import IMAGES, REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.cluster_client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The deploy job on the test cluster."""

    namespace: Client
    folder: Path

    def run(self, script: str, **env: str) -> str:
        """Run a script of scripts/deploy; return its output or its results.

        Raises:
            AssertionError: it failed.
        """
        programs = {str(self.namespace.programs[name].parent) for name in ("helm", "kubectl")}
        given = {
            "PATH": ":".join([*programs, "/usr/local/bin:/usr/bin:/bin"]),
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.namespace.config),
            "NAMESPACE": self.namespace.namespace,
        }
        done = subprocess.run(
            [REPOSITORY / "scripts/deploy" / script],
            cwd=REPOSITORY,
            env=given | env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def release(self, version: str, digit: str) -> dict[str, str]:
        """Release and verify three images with digests of one repeated digit; return the digests."""
        digests = {key: f"sha256:{digit * 64}" for key in IMAGES if key.startswith("DIGEST_")}
        self.run("release", **IMAGES | digests, VERSION=version)
        self.run("verify", **digests)
        return digests

    def earlier(self) -> str:
        return self.run("earlier-revision").strip().removeprefix("earlier=")


@pytest.fixture
def pipeline(namespace: Client, tmp_path: Path) -> Pipeline:
    add_secrets(namespace)
    return Pipeline(namespace=namespace, folder=tmp_path)


def test_a_first_release_succeeds_and_an_uninstall_leaves_secrets_and_backups(pipeline: Pipeline) -> None:
    pipeline.run("preflight")
    before = pipeline.earlier()
    pipeline.release("1.0.0", "1")

    pipeline.run("rollback", EARLIER_REVISION=before)

    assert before == "0"
    assert pipeline.namespace.all("deployments") == []
    assert pipeline.namespace.names("secrets") >= {"dict-secrets", "bridge-tls-certs"}
    assert len(pipeline.namespace.names("persistentvolumeclaims")) == 1


def test_a_later_release_is_rolled_back_to_the_previous_images(pipeline: Pipeline) -> None:
    pipeline.release("1.0.0", "1")
    before, running = pipeline.earlier(), images(pipeline.namespace)
    pipeline.release("1.0.1", "2")
    between = images(pipeline.namespace)

    pipeline.run("rollback", EARLIER_REVISION=before)
    again = pipeline.run("rollback", EARLIER_REVISION=before)

    assert before == "1"
    assert between.isdisjoint(running)
    assert images(pipeline.namespace) == running
    assert "helm is back at revision 1 already" in again
