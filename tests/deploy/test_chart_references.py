"""All references of pods resolve (objects, keys, ports, files), and the programs can read their settings."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cluster.references import dangling
from deploy.rendered_chart import RELEASES, containers, environment, pod, release, rendered
from dict_rate_limit.adapters.notify.channels_file import parse_channels
from dict_rate_limit.settings import Program, load
from dict_rate_limit.settings.fields import definitions
from tool_box import REPOSITORY

if TYPE_CHECKING:
    from deploy.rendered_chart import Rendered

Json = dict[str, Any]

EXAMPLES = REPOSITORY / "k8s/examples/secrets.yaml"

# Settings that the chart does not set: for one machine only, rejected, or with a good default.
NOT_SET = {"DATA_DIR", "DICT_BASE_URL", "LOG_FORMAT", "OBSERVE", "OBSERVE_PORT", "PG_BIN_DIR"}


def secrets() -> list[Json]:
    """Return the Secrets that must exist, and those of the release with everything enabled."""
    return [
        *yaml.safe_load_all(EXAMPLES.read_text(encoding="utf-8")),
        secret("temporal-certs", "tls.crt", "tls.key", "ca.crt"),
        secret("pulsar-certs", "ca.crt"),
        secret("collector-certs", "ca.crt"),
        secret("registry", ".dockerconfigjson"),
        secret("dict-db-migration", "database.url"),
    ]


def secret(name: str, *keys: str) -> Json:
    return {"kind": "Secret", "metadata": {"name": name}, "stringData": dict.fromkeys(keys, "x")}


@pytest.mark.parametrize("name", RELEASES)
def test_all_references_resolve(name: str) -> None:
    assert dangling([*release(name).objects, *secrets()]) == []


def test_a_missing_secret_is_reported() -> None:
    complaints = dangling(release("default").objects)

    assert "Deployment dict-api: there is no Secret bridge-tls-certs" in complaints


def test_only_keys_that_a_release_does_not_need_are_optional() -> None:
    (api,) = containers(pod(release("default").one("Deployment", "dict-api")))
    (worker,) = containers(pod(release("default").one("Deployment", "orchestration-worker")))

    optional = {
        name
        for container in (api, worker)
        for name, variable in environment(container).items()
        if variable.get("valueFrom", {}).get("secretKeyRef", {}).get("optional")
    }

    assert optional == {"REDIS_PASSWORD", "PULSAR_TOKEN", "HEARTBEAT_URL", "OTEL_EXPORTER_OTLP_HEADERS"}


def environment_of(found: Rendered, deployment: str) -> dict[str, str]:
    """Return the environment as the kubelet would set it, with the example Secrets."""
    config = next(iter(found.all("ConfigMap").values()))["data"]
    data = secrets()[0]["stringData"]
    (container,) = containers(pod(found.one("Deployment", deployment)))
    variables: dict[str, str] = {}
    for name, variable in environment(container).items():
        source = variable.get("valueFrom", {})
        if "configMapKeyRef" in source:
            variables[name] = config[source["configMapKeyRef"]["key"]]
        elif "secretKeyRef" in source:
            variables[name] = data.get(source["secretKeyRef"]["key"], "")
        else:
            variables[name] = variable["value"]
    return variables


@pytest.mark.parametrize("name", sorted(RELEASES.keys() - {"prefixed"}))
@pytest.mark.parametrize(
    ("deployment", "program"), [("dict-api", Program.API), ("orchestration-worker", Program.WORKER)]
)
def test_programs_can_read_their_settings(name: str, deployment: str, program: Program) -> None:
    settings = load(environment_of(release(name), deployment), program=program)

    assert (settings.host, settings.metrics_port) == ("0.0.0.0", 9090)  # noqa: S104 -- what a pod listens on
    assert settings.database_url == "postgres://user:password@postgres.db.svc.cluster.local:5432/dict?sslmode=require"


def test_values_reach_the_settings() -> None:
    settings = load(environment_of(release("everything"), "orchestration-worker"), program=Program.WORKER)

    assert settings.participants == ("12345678", "87654321")
    assert settings.temporal_tls_server_name == "temporal"
    assert str(settings.pulsar_tls_ca_file) == "/pulsar-certs/ca.crt"
    assert str(settings.notify_urls_file) == "/secrets/notify.urls"
    assert (settings.pulsar_batching, settings.pulsar_compression) == (False, "zstd")
    assert settings.notify_allowed_networks == ("10.20.0.0/16", "fd00::/8")
    assert settings.runbook_base_url == "https://docs.example/runbooks"
    assert settings.remind_every == timedelta(minutes=30)


@pytest.mark.parametrize("deployment", ["dict-api", "orchestration-worker"])
def test_both_programs_send_traces_to_the_configured_collector(deployment: str) -> None:
    settings = load(environment_of(release("everything"), deployment))

    assert settings.otel_exporter_otlp_endpoint == "https://collector:4317"
    assert str(settings.otel_exporter_otlp_certificate) == "/collector-certs/ca.crt"
    assert settings.otel_traces_sampler_arg == 0.1


def test_nothing_is_traced_without_a_collector() -> None:
    settings = load(environment_of(release("production"), "dict-api"))

    assert settings.otel_exporter_otlp_endpoint is None


def test_only_the_worker_reads_the_heartbeat_secret() -> None:
    found = release("default")
    (api,) = containers(pod(found.one("Deployment", "dict-api")))
    (worker,) = containers(pod(found.one("Deployment", "orchestration-worker")))

    assert environment(worker)["HEARTBEAT_URL"]["valueFrom"]["secretKeyRef"]["key"] == "heartbeat.url"
    assert environment(api).keys().isdisjoint({"HEARTBEAT_URL", "NOTIFY_URLS_FILE", "PULSAR_TOKEN"})


def test_channels_may_be_added_and_changed_without_a_restart() -> None:
    spec = pod(release("production").one("Deployment", "orchestration-worker"))

    (volume,) = (volume["secret"] for volume in spec["volumes"] if volume["name"] == "notify-urls")
    (mount,) = (mount for mount in containers(spec)[0]["volumeMounts"] if mount["name"] == "notify-urls")

    assert volume["optional"] is True
    assert "subPath" not in mount


def test_a_token_as_a_file_can_change_without_a_restart() -> None:
    found = rendered("--set=pulsar.tokenAsFile=true")
    (worker,) = containers(pod(found.one("Deployment", "orchestration-worker")))

    variables = environment(worker)

    assert variables["PULSAR_TOKEN_FILE"]["value"] == "/pulsar-token/pulsar.token"
    assert "PULSAR_TOKEN" not in variables
    assert dangling([*found.objects, *secrets()]) == [
        "Deployment orchestration-worker: Secret dict-secrets has no key pulsar.token"
    ]


def test_the_worker_can_read_the_example_of_channels() -> None:
    text = EXAMPLES.read_text(encoding="utf-8").partition("# notify.urls: |\n")[2].partition("---")[0]

    parsed = parse_channels(re.sub("^  # ?", "", text, flags=re.MULTILINE))

    assert parsed.problems == ()
    assert [channel.name for channel in parsed.channels] == ["on-call", "team", "portal"]


def test_without_a_broker_both_programs_are_configured_without_one() -> None:
    found = rendered("--set=pulsar.brokerURL=")

    urls = [
        load(environment_of(found, name), program=program).pulsar_broker_url
        for name, program in (("dict-api", Program.API), ("orchestration-worker", Program.WORKER))
    ]

    assert urls == [None, None]


def test_api_and_worker_have_the_same_shared_settings() -> None:
    api, worker = (environment_of(release("production"), name) for name in ("dict-api", "orchestration-worker"))

    differing = {name for name in api.keys() & worker.keys() if api[name] != worker[name]}

    assert differing == set()


def test_every_variable_is_a_setting_and_every_setting_is_reachable() -> None:
    found = release("everything")

    variables = environment_of(found, "dict-api").keys() | environment_of(found, "orchestration-worker").keys()

    assert variables - definitions().keys() == set()
    assert definitions().keys() - variables == NOT_SET


def test_pods_contain_no_literal_settings_but_addresses_and_files() -> None:
    for deployment in ("dict-api", "orchestration-worker"):
        (container,) = containers(pod(release("default").one("Deployment", deployment)))

        written = {name for name, variable in environment(container).items() if "value" in variable}

        assert {name for name in written if not name.endswith("_FILE")} <= {"HOST", "PORT", "METRICS_PORT"}


def test_selectors_contain_no_version() -> None:
    found = release("production")

    selectors = [item["spec"]["selector"]["matchLabels"] for item in found.all("Deployment").values()]

    assert all(
        selector.keys() == {f"app.kubernetes.io/{key}" for key in ("name", "instance", "component")}
        for selector in selectors
    )
    assert {item["spec"]["template"]["metadata"]["labels"]["app"] for item in found.all("Deployment").values()} == {
        "dict-api",
        "orchestration-worker",
    }
