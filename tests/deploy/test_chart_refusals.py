"""Invalid values are rejected with the key and the fix."""

from __future__ import annotations

import json

import pytest

from deploy.rendered_chart import CHART, rejection, rendered

INGRESS = "--set=ingress.enabled=true"
HOST = "--set=ingress.hosts[0].host=a.example,ingress.hosts[0].paths[0].path=/,ingress.hosts[0].paths[0].pathType=Exact"

CONTRADICTING = {
    "cron expression in words": (
        ["--set=workflow.cronSchedule=often"],
        ["workflow.cronSchedule", "often", "*/5 * * * *"],
    ),
    "cron minute 61": (["--set=workflow.cronSchedule=61 * * * *"], ["workflow.cronSchedule", "61 * * * *"]),
    "cron of four fields": (["--set=workflow.cronSchedule=* * * *"], ["workflow.cronSchedule", "five fields"]),
    "cron of both days": (["--set=workflow.cronSchedule=0 0 1 * 1"], ["workflow.cronSchedule", "leave one of them *"]),
    "every without a duration": (["--set=workflow.cronSchedule=@every day"], ["workflow.cronSchedule", "@every 5m"]),
    "cron expression of the backup": (
        ["--set=backup.enabled=true,backup.schedule=nightly"],
        ["backup.schedule", "nightly", "15 3 * * *"],
    ),
    "cron day 7 of a CronJob": (
        ["--set=backup.enabled=true,backup.schedule=0 3 * * 7"],
        ["backup.schedule", "0 3 * * 7"],
    ),
    "no secret": (["--set=existingSecret.name="], ["existingSecret.name", "database.url"]),
    "no certificates": (["--set=bridge.tls.existingSecret="], ["bridge.tls.existingSecret", "bridge.tls.enabled"]),
    "no API with a budget": (
        ["--set=replicaCount.dictApi=0,autoscaling.enabled=false"],
        ["replicaCount.dictApi", "podDisruptionBudget.enabled"],
    ),
    "no worker with a budget": (
        ["--set=replicaCount.orchestrationWorker=0"],
        ["replicaCount.orchestrationWorker", "podDisruptionBudget.enabled"],
    ),
    "ingress without hosts": ([INGRESS], ["ingress.hosts", "ingress.enabled to false"]),
    "ingress without a host": ([INGRESS, HOST.replace("a.example", "")], ["ingress.hosts[0].host", "give the name"]),
    "ingress without TLS": ([INGRESS, HOST], ["ingress.tls", "a.example"]),
    "tag with v": (["--set=image.migrations.tag=v1.2.3"], ["image.migrations.tag", '"1.2.3"']),
    "no tag": (["--set=image.dictApi.tag="], ["image.dictApi.tag", "image.dictApi.digest"]),
    "scaling between 5 and 4": (
        ["--set=autoscaling.minReplicas=5,autoscaling.maxReplicas=4"],
        ["autoscaling.minReplicas", "autoscaling.maxReplicas"],
    ),
    "API on the port of the metrics": (["--set=service.port=9090"], ["service.port", "give another one"]),
    "collector's authority without TLS": (
        ["--set=tracing.endpoint=http://collector:4317,tracing.tls.existingSecret=collector-certs"],
        ["tracing.endpoint", "https://host:port"],
    ),
    "critical above warning": (
        ["--set=alerts.criticalThresholdPct=30"],
        ["alerts.criticalThresholdPct", "alerts.warningThresholdPct"],
    ),
    "external secret without a store": (
        ["--set=externalSecret.enabled=true"],
        ["externalSecret.secretStoreRef.name", "externalSecret.data", "database.url"],
    ),
    "external certificates in part": (
        [
            r"--set=externalSecret.enabled=true,externalSecret.bridgeTLS.tls\.crt.key=bridge",
            r"--set=externalSecret.secretStoreRef.name=vault,externalSecret.data.database\.url.key=dict",
        ],
        ["externalSecret.bridgeTLS", "ca.crt"],
    ),
}

NOT_IN_THE_SCHEMA = {
    "unknown key": ("--set=replicas=3", "'replicas' not allowed"),
    "typo in a key": ("--set=ingress.enbled=true", "/ingress': additional properties 'enbled' not allowed"),
    "typo deep inside": ("--set=networkPolicy.egress.redis.port=1", "/networkPolicy/egress/redis'"),
    "key of the specification": ("--set=database.url=postgres://u:p@h/d", "'database' not allowed"),
    "unknown key of the Secret": (r"--set=externalSecret.data.db\.url.key=x", "/externalSecret/data'"),
    "removed key": ("--set=existingSecret=null", "existingSecret"),
    "address without a port": ("--set=redis.addr=redis", "/redis/addr'"),
    "broker by http": ("--set=pulsar.brokerURL=http://pulsar:6650", "/pulsar/brokerURL'"),
    "credentials in the broker's address": ("--set=pulsar.brokerURL=pulsar://u:p@pulsar:6650", "/pulsar/brokerURL'"),
    "compression of another kind": ("--set=pulsar.compression=gzip", "/pulsar/compression'"),
    "collector without a scheme": ("--set=tracing.endpoint=collector:4317", "/tracing/endpoint'"),
    "more traces than there are": ("--set-json=tracing.samplerRatio=1.5", "/tracing/samplerRatio'"),
    "reminders in words": ("--set=alerts.remindEvery=hourly", "/alerts/remindEvery'"),
    "off without quotes, which YAML reads as false": ("--set-json=alerts.remindEvery=false", "/alerts/remindEvery'"),
    "network without its length": (
        "--set=notifications.allowedNetworks={10.0.0.0}",
        "/notifications/allowedNetworks/0'",
    ),
    "runbooks in a folder": ("--set=notifications.runbookBaseURL=docs/runbooks", "/notifications/runbookBaseURL'"),
    "duration without a unit": ("--set-string=redis.cacheTTL=60", "/redis/cacheTTL'"),
    "negative number of pods": ("--set=replicaCount.dictApi=-1", "/replicaCount/dictApi'"),
    "participant that is not an ISPB": ("--set-string=participants={123}", "/participants/0'"),
    "selector label": (r"--set=podLabels.app\.kubernetes\.io/name=other", "/podLabels"),
    "short digest": ("--set=image.dictApi.digest=sha256:abc", "/image/dictApi/digest'"),
    "operators without a token": ("--set=auth.anonymousRole=operator", "/auth/anonymousRole'"),
    "egress to all peers": ("--set-json=networkPolicy.egress.redis.to=[]", "/networkPolicy/egress/redis/to'"),
}


@pytest.mark.parametrize("case", CONTRADICTING)
def test_contradicting_values_are_rejected_with_key_and_fix(case: str) -> None:
    options, expected = CONTRADICTING[case]

    error = rejection(*options)

    assert "invalid values" in error
    assert [words for words in expected if words not in error] == []


@pytest.mark.parametrize("case", NOT_IN_THE_SCHEMA)
def test_values_outside_the_schema_are_rejected_with_their_key(case: str) -> None:
    option, expected = NOT_IN_THE_SCHEMA[case]

    assert expected in rejection(option)


def test_all_problems_are_reported_at_once() -> None:
    error = rejection("--set=existingSecret.name=,workflow.cronSchedule=often,replicaCount.orchestrationWorker=0")

    assert error.count("\n  - ") == 3


@pytest.mark.parametrize("schedule", ["@every 1m30s", r"0\,30 8-18/2 * JAN-JUN MON-FRI", "*/15 * * * 7", "0 0 1 * *"])
def test_schedules_that_the_worker_reads_are_accepted(schedule: str) -> None:
    config = rendered(f"--set=workflow.cronSchedule={schedule}").one("ConfigMap", "dict-config")

    assert config["data"]["workflow.cron.schedule"] == schedule.replace("\\", "")


@pytest.mark.parametrize("every", ["30m", "1h30m", "24h", "off"])
def test_reminders_that_the_programs_read_are_accepted(every: str) -> None:
    config = rendered(f"--set-string=alerts.remindEvery={every}").one("ConfigMap", "dict-config")

    assert config["data"]["remind.every"] == every


def test_zero_pods_are_accepted_without_a_disruption_budget() -> None:
    options = "--set=replicaCount.orchestrationWorker=0,podDisruptionBudget.enabled=false"

    assert rendered(options).one("Deployment", "orchestration-worker")["spec"]["replicas"] == 0


def test_other_charts_may_pass_global_values() -> None:
    assert rendered("--set=global.region=br").all("Deployment").keys() == {"dict-api", "orchestration-worker"}


def test_the_schema_rejects_unknown_keys_of_the_chart() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))

    opened = {
        path for path, item in walk("", schema) if "properties" in item and item["additionalProperties"] is not False
    }

    assert opened == set()


def walk(path: str, item: object) -> list[tuple[str, dict[str, object]]]:
    """Yield every object schema."""
    if isinstance(item, list):
        return [found for part in item for found in walk(path, part)]
    if not isinstance(item, dict):
        return []
    here = [(path, item)] if item.get("type") == "object" else []
    return here + [found for key, part in item.items() for found in walk(f"{path}/{key}", part)]
