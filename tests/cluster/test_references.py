"""The check of references reports exactly those that do not resolve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cluster.references import dangling

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]


def named(kind: str, name: str, **more: object) -> Json:
    return {"kind": kind, "metadata": {"name": name}, **more}


def sound() -> dict[str, Json]:
    """Return objects that refer only to each other, by kind."""
    container = {
        "name": "api",
        "args": ["serve", "--tokens", "/secrets/tokens"],
        "ports": [{"containerPort": 8080, "name": "http"}],
        "env": [
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}},
            {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "config", "key": "b"}}},
            {"name": "C", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "c", "optional": True}}},
        ],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "volumeMounts": [{"name": "secrets", "mountPath": "/secrets"}, {"name": "data", "mountPath": "/data"}],
    }
    volumes: list[Json] = [
        {"name": "secrets", "secret": {"secretName": "keys", "items": [{"key": "a", "path": "tokens"}]}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "claim"}},
    ]
    pod = {"serviceAccountName": "account", "containers": [container], "volumes": volumes}
    template = {"metadata": {"labels": {"app": "api"}}, "spec": pod}
    backend = {"service": {"name": "api", "port": {"name": "web"}}}
    service: Json = {"selector": {"app": "api"}, "ports": [{"name": "web", "port": 80, "targetPort": "http"}]}
    objects = (
        named("Deployment", "api", spec={"template": template}),
        named("Secret", "keys", data={"a": ""}),
        named("ConfigMap", "config", data={"b": ""}),
        named("ServiceAccount", "account"),
        named("PersistentVolumeClaim", "claim"),
        named("Service", "api", spec=service),
        named("Ingress", "api", spec={"rules": [{"http": {"paths": [{"backend": backend}]}}]}),
        named("PodDisruptionBudget", "api", spec={"selector": {"matchLabels": {"app": "api"}}}),
        named("HorizontalPodAutoscaler", "api", spec={"scaleTargetRef": {"kind": "Deployment", "name": "api"}}),
        named("ServiceMonitor", "api", spec={"selector": {"matchLabels": {}}, "endpoints": [{"port": "web"}]}),
    )
    return {item["kind"]: item for item in objects}


def container_of(objects: dict[str, Json]) -> Json:
    container: Json = objects["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    return container


BREAKS: dict[str, Callable[[dict[str, Json]], object]] = {
    "there is no Secret keys": lambda o: o.pop("Secret"),
    "Secret keys has no key a": lambda o: o["Secret"]["data"].clear(),
    "ConfigMap config has no key b": lambda o: o["ConfigMap"]["data"].clear(),
    "there is no ServiceAccount account": lambda o: o.pop("ServiceAccount"),
    "there is no PersistentVolumeClaim claim": lambda o: o.pop("PersistentVolumeClaim"),
    "api mounts data, which is no volume": lambda o: o["Deployment"]["spec"]["template"]["spec"]["volumes"].pop(),
    "asks port http, which it does not open": lambda o: container_of(o)["ports"].clear(),
    "asks /up, which no program serves": lambda o: container_of(o)["readinessProbe"]["httpGet"].update(path="/up"),
    "names /secrets/other": lambda o: container_of(o)["args"].append("/secrets/other"),
    "names /nowhere": lambda o: container_of(o)["env"].append({"name": "D", "value": "/nowhere"}),
    "Service api selects no pod": lambda o: o["Service"]["spec"]["selector"].update(app="other"),
    "Service api leads to port grpc": lambda o: o["Service"]["spec"]["ports"][0].update(targetPort="grpc"),
    "Ingress api leads to api port": lambda o: o["Service"]["spec"]["ports"][0].update(name="other"),
    "PodDisruptionBudget api selects no pod": lambda o: o["PodDisruptionBudget"]["spec"]["selector"][
        "matchLabels"
    ].update(app="other"),
    "scales Deployment other": lambda o: o["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"].update(name="other"),
    "ServiceMonitor api reads port metrics": lambda o: o["ServiceMonitor"]["spec"]["endpoints"][0].update(
        port="metrics"
    ),
}


def test_nothing_is_reported_if_all_references_resolve() -> None:
    assert dangling(sound().values()) == []


@pytest.mark.parametrize("complaint", BREAKS)
def test_missing_references_are_reported(complaint: str) -> None:
    objects = sound()
    BREAKS[complaint](objects)

    complaints = dangling(objects.values())

    assert any(complaint in line for line in complaints), complaints
