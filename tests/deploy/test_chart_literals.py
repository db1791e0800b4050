"""The rendered chart has the literals of the deployment specification. Exceptions are in docs/spec-coverage.md."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from deploy.rendered_chart import CHART, containers, environment, pod, release

Json = dict[str, Any]

CONFIG = {
    "redis.addr": "redis-master.redis.svc.cluster.local:6379",
    "bridge.grpc.address": "bridge.lbpay.svc.cluster.local:9090",
    "temporal.host": "temporal-frontend.temporal.svc.cluster.local:7233",
    "pulsar.broker.url": "pulsar://pulsar-broker.pulsar.svc.cluster.local:6650",
    "cache.ttl": "60s",
    "workflow.cron.schedule": "*/5 * * * *",
}


def deployment(name: str) -> Json:
    return release("fixed number of pods").one("Deployment", name)


def only_container(name: str) -> Json:
    (container,) = containers(pod(deployment(name)))
    return container


def test_chart_yaml() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))

    assert chart == {
        "apiVersion": "v2",
        "name": "dict-rate-limit",
        "description": "DICT Rate Limit Monitoring System",
        "type": "application",
        "version": "1.0.0",
        "appVersion": "1.0.0",
        "keywords": ["dict", "rate-limit", "bacen"],
        "maintainers": [{"name": "LBPay Engineering", "email": "engineering@lbpay.com"}],
        "annotations": {"artifacthub.io/license": "Apache-2.0"},
    }


@pytest.mark.parametrize(("name", "wanted"), [("dict-api", 3), ("orchestration-worker", 2)])
def test_number_of_pods(name: str, wanted: int) -> None:
    assert deployment(name)["spec"]["replicas"] == wanted


def test_resources() -> None:
    api, worker = only_container("dict-api")["resources"], only_container("orchestration-worker")["resources"]

    assert api["limits"] == {"memory": "512Mi", "cpu": "500m"}
    assert api["requests"] == {"memory": "192Mi", "cpu": "100m"}  # 128Mi in the specification: see values.yaml
    assert worker == {
        "requests": {"memory": "256Mi", "cpu": "200m"},
        "limits": {"memory": "1Gi", "cpu": "1000m"},
    }


def test_containers_and_images() -> None:
    assert only_container("dict-api")["name"] == "dict-api"
    assert only_container("dict-api")["image"] == "ghcr.io/lbpay/dict-rate-limit/dict-api:1.0.0"
    assert only_container("orchestration-worker")["name"] == "worker"
    assert only_container("orchestration-worker")["image"] == "ghcr.io/lbpay/dict-rate-limit/orchestration-worker:1.0.0"


def test_ports_of_the_api() -> None:
    assert only_container("dict-api")["ports"] == [
        {"containerPort": 8080, "name": "http"},
        {"containerPort": 9090, "name": "metrics"},
    ]


@pytest.mark.parametrize(("name", "port"), [("dict-api", 8080), ("orchestration-worker", 9090)])
def test_probes(name: str, port: int) -> None:
    container = only_container(name)

    alive, ready = container["livenessProbe"], container["readinessProbe"]

    assert alive["httpGet"] == {"path": "/health", "port": port}
    assert (alive["initialDelaySeconds"], alive["periodSeconds"]) == (10, 30)
    assert ready["httpGet"] == {"path": "/ready", "port": port}
    assert (ready["initialDelaySeconds"], ready["periodSeconds"]) == (5, 10)


def test_service_of_the_api() -> None:
    spec = release("default").one("Service", "dict-api")["spec"]

    assert spec["type"] == "ClusterIP"
    assert spec["ports"] == [
        {"name": "http", "port": 80, "targetPort": 8080},
        {"name": "metrics", "port": 9090, "targetPort": 9090},
    ]


def test_keys_of_the_config() -> None:
    data = release("default").one("ConfigMap", "dict-config")["data"]

    assert {key: data[key] for key in CONFIG} == CONFIG
    assert (data["temporal.namespace"], data["pulsar.topic"]) == ("dict", "persistent://lb-conn/dict/core-events")


def test_environment_of_the_api() -> None:
    variables = environment(only_container("dict-api"))

    assert variables["PORT"]["value"] == "8080"
    assert variables["BRIDGE_TLS_CERT_FILE"]["value"] == "/certs/client.crt"
    assert variables["BRIDGE_TLS_KEY_FILE"]["value"] == "/certs/client.key"
    for variable, key in (("REDIS_ADDR", "redis.addr"), ("BRIDGE_GRPC_ADDRESS", "bridge.grpc.address")):
        assert variables[variable]["valueFrom"]["configMapKeyRef"] == {"name": "dict-config", "key": key}


def test_environment_of_the_worker() -> None:
    variables = environment(only_container("orchestration-worker"))

    for variable, key in (("TEMPORAL_HOST", "temporal.host"), ("PULSAR_BROKER_URL", "pulsar.broker.url")):
        assert variables[variable]["valueFrom"]["configMapKeyRef"] == {"name": "dict-config", "key": key}
    assert variables["DATABASE_URL"]["valueFrom"]["secretKeyRef"] == {"name": "dict-secrets", "key": "database.url"}


def test_certificates_of_the_bridge() -> None:
    spec = pod(deployment("dict-api"))

    volume = next(volume["secret"] for volume in spec["volumes"] if volume["name"] == "tls-certs")

    assert volume["secretName"] == "bridge-tls-certs"
    assert {item["key"]: item["path"] for item in volume["items"]} == {
        "tls.crt": "client.crt",
        "tls.key": "client.key",
        "ca.crt": "ca.crt",
    }
    assert {"name": "tls-certs", "mountPath": "/certs", "readOnly": True} in containers(spec)[0]["volumeMounts"]


def test_autoscaler() -> None:
    spec = release("default").one("HorizontalPodAutoscaler", "dict-api")["spec"]

    targets = {metric["resource"]["name"]: metric["resource"]["target"] for metric in spec["metrics"]}

    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 10)
    assert targets == {
        "cpu": {"type": "Utilization", "averageUtilization": 70},
        "memory": {"type": "Utilization", "averageUtilization": 80},
    }


def test_migration() -> None:
    job = release("default").one("Job", "dict-db-migration")

    (migrate,) = pod(job)["containers"]

    assert job["spec"]["activeDeadlineSeconds"] == 300
    assert pod(job)["restartPolicy"] == "OnFailure"
    assert (migrate["name"], migrate["command"]) == ("migrate", ["/bin/sh", "-c"])
    assert migrate["args"] == ['goose -dir /migrations postgres "${DATABASE_URL}" up\n']
    assert migrate["image"] == "ghcr.io/lbpay/dict-rate-limit/dict-migrations:1.0.0"


def test_ingress_of_production() -> None:
    ingress = release("production").one("Ingress", "dict-api")

    (rule,) = ingress["spec"]["rules"]

    assert ingress["metadata"]["annotations"] == {"cert-manager.io/cluster-issuer": "letsencrypt-prod"}
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert (rule["host"], rule["http"]["paths"][0]["path"], rule["http"]["paths"][0]["pathType"]) == (
        "dict-api.lbpay.com",
        "/",
        "Prefix",
    )
    assert ingress["spec"]["tls"] == [{"secretName": "dict-api-tls", "hosts": ["dict-api.lbpay.com"]}]


def test_interval_of_the_service_monitor() -> None:
    monitors = release("production").all("ServiceMonitor")

    intervals = {name: item["spec"]["endpoints"][0]["interval"] for name, item in monitors.items()}

    assert intervals == {"dict-api": "30s", "orchestration-worker": "30s"}


def test_keys_of_the_values() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))

    assert values["image"]["pullPolicy"] == "IfNotPresent"
    assert values["service"] == {"type": "ClusterIP", "port": 80}
    assert values["temporal"]["namespace"] == "dict"
    assert "database" not in values
