"""Renders the chart: every object of a release as helm would send it, with hooks and tests."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from tool_box import REPOSITORY, find_tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json = dict[str, Any]

CHART = REPOSITORY / "helm"
NAME = NAMESPACE = "dict-rate-limit"

STORE = (
    "--set=externalSecret.enabled=true,externalSecret.secretStoreRef.name=vault",
    r"--set=externalSecret.data.database\.url.key=dict,externalSecret.data.api\.tokens.key=tokens",
    r"--set=externalSecret.bridgeTLS.tls\.crt.key=bridge,externalSecret.bridgeTLS.tls\.key.key=bridge",
    r"--set=externalSecret.bridgeTLS.ca\.crt.key=bridge",
)
PRODUCTION = f"--values={CHART / 'values-production.yaml'}"

# The documented releases, and one with everything enabled.
RELEASES: dict[str, tuple[str, ...]] = {
    "default": (),
    "staging": (f"--values={CHART / 'values-staging.yaml'}",),
    "production": (PRODUCTION,),
    "fixed number of pods": ("--set=autoscaling.enabled=false",),
    "production without ingress": (PRODUCTION, "--set=ingress.enabled=false"),
    "external secrets": STORE,
    "minimal": (
        "--set=autoscaling.enabled=false,podDisruptionBudget.enabled=false,migration.enabled=false",
        "--set=bridge.tls.enabled=false,replicaCount.dictApi=1,replicaCount.orchestrationWorker=1",
    ),
    "prefixed": ("--set=fullnameOverride=second",),
    "everything": (
        PRODUCTION,
        *STORE,
        "--set=temporal.tls.existingSecret=temporal-certs,temporal.tls.serverName=temporal,notifications.enabled=true",
        "--set=pulsar.tls.existingSecret=pulsar-certs,imagePullSecrets[0].name=registry,priorityClassName=high",
        "--set=podAnnotations.team=pix,podLabels.team=pix,serviceAccountAnnotations.role=dict,nodeSelector.pool=pix",
        "--set-json=tolerations=[{'key':'pix','operator':'Exists'}]".replace("'", '"'),
        "--set=pulsar.batching=false,pulsar.compression=zstd,alerts.remindEvery=30m",
        "--set=notifications.allowedNetworks={10.20.0.0/16,fd00::/8}",
        "--set=notifications.runbookBaseURL=https://docs.example/runbooks",
        "--set=tracing.endpoint=https://collector:4317,tracing.tls.existingSecret=collector-certs",
        "--set-json=tracing.samplerRatio=0.1",
        "--set-json=affinity={'nodeAffinity':{}}".replace("'", '"'),
        "--set-string=participants={12345678,87654321}",
    ),
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """The objects of a release, in the order of helm."""

    text: str
    objects: tuple[Json, ...]

    def all(self, kind: str) -> dict[str, Json]:
        """Return the objects of a kind by name. Of a hook and an object with the same name, the last one."""
        return {item["metadata"]["name"]: item for item in self.objects if item["kind"] == kind}

    def one(self, kind: str, name: str) -> Json:
        found = [item for item in self.objects if (item["kind"], item["metadata"]["name"]) == (kind, name)]
        assert len(found) == 1, f"{len(found)} {kind} {name}"
        return found[0]

    def pods(self) -> Iterator[tuple[str, Json]]:
        """Yield owner and template (metadata and spec) of every pod."""
        for item in self.objects:
            owner, spec = f"{item['kind']} {item['metadata']['name']}", item.get("spec", {})
            if item["kind"] == "Pod":
                yield owner, item
            elif item["kind"] == "CronJob":
                yield owner, spec["jobTemplate"]["spec"]["template"]
            elif "template" in spec and item["kind"] in {"Deployment", "Job"}:
                yield owner, spec["template"]


def pod(item: Json) -> Json:
    """Return the pod spec of a Deployment or Job."""
    spec: Json = item["spec"]["template"]["spec"]
    return spec


def containers(spec: Json) -> list[Json]:
    return [*spec.get("initContainers", ()), *spec["containers"]]


def environment(container: Json) -> dict[str, Json]:
    """Return the variables of a container by name. Each name must be unique."""
    variables = {variable["name"]: variable for variable in container["env"]}
    assert len(variables) == len(container["env"])
    return variables


def helm(*arguments: str, chart: Path = CHART) -> subprocess.CompletedProcess[str]:
    program = find_tool("helm")
    command = [program, "template", NAME, str(chart), f"--namespace={NAMESPACE}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@cache
def rendered(*options: str, chart: Path = CHART) -> Rendered:
    done = helm(*options, chart=chart)
    assert done.returncode == 0, done.stderr
    return Rendered(done.stdout, tuple(item for item in yaml.safe_load_all(done.stdout) if item))


def release(name: str) -> Rendered:
    return rendered(*RELEASES[name])


def rejection(*options: str) -> str:
    """Return the error of helm for rejected values."""
    done = helm(*options)
    assert done.returncode != 0
    return done.stderr
