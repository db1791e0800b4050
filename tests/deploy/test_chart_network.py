"""Network policies allow only what is needed."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from deploy.rendered_chart import PRODUCTION, release, rendered

Json = dict[str, Any]


def allowed(policy: Json) -> dict[str, set[int]]:
    """Return the egress ports of a policy by destination namespace, component or network."""
    found: dict[str, set[int]] = {}
    for rule in policy["spec"]["egress"]:
        (peer,) = rule["to"]
        if "ipBlock" in peer:
            found[peer["ipBlock"]["cidr"]] = {port["port"] for port in rule["ports"]}
            continue
        labels = peer.get("namespaceSelector", peer.get("podSelector"))["matchLabels"]
        where = labels.get("kubernetes.io/metadata.name") or labels["app.kubernetes.io/component"]
        found[where] = {port["port"] for port in rule["ports"]}
    return found


def test_programs_reach_exactly_what_they_need() -> None:
    policies = release("production").all("NetworkPolicy")

    shared = {"kube-system": {53}, "lbpay": {9090}, "redis": {6379}, "db": {5432}}

    assert allowed(policies["dict-api"]) == shared
    assert allowed(policies["orchestration-worker"]) == shared | {
        "temporal": {7233},
        "pulsar": {6650},
        "0.0.0.0/0": {443},
    }
    assert allowed(policies["dict-db-migration"]) == {"kube-system": {53}, "db": {5432}}
    assert allowed(policies["dict-db-backup"]) == {"kube-system": {53}, "db": {5432}}
    assert allowed(policies["dict-test"]) == {"kube-system": {53}, "dict-api": {8080}, "orchestration-worker": {9090}}


def test_both_programs_reach_a_trace_collector() -> None:
    policies = rendered(PRODUCTION, "--set=tracing.endpoint=https://collector.monitoring:4317").all("NetworkPolicy")

    assert [name for name, policy in policies.items() if allowed(policy).get("monitoring") == {4317}] == [
        "dict-api",
        "orchestration-worker",
    ]


def test_channels_are_reached_on_public_addresses_only() -> None:
    worker = release("production").one("NetworkPolicy", "orchestration-worker")

    (block,) = (peer["ipBlock"] for rule in worker["spec"]["egress"] for peer in rule["to"] if "ipBlock" in peer)

    internal = [ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")]
    assert {ip_network(one) for one in block["except"]} >= set(internal)


def test_every_pod_has_a_policy_for_ingress_and_egress() -> None:
    found = release("production")
    policies = [item["spec"] for item in found.all("NetworkPolicy").values()]

    for owner, template in found.pods():
        labels = template["metadata"]["labels"].items()
        covering = [spec for spec in policies if spec["podSelector"]["matchLabels"].items() <= labels]
        assert [spec["policyTypes"] for spec in covering] == [["Ingress", "Egress"]], owner


def test_only_ingress_controller_prometheus_and_tests_may_connect() -> None:
    policies = release("production").all("NetworkPolicy")

    entries = {
        name: [
            (sorted(map(source, rule["from"])), rule["ports"][0]["port"]) for rule in policies[name]["spec"]["ingress"]
        ]
        for name in policies
    }

    assert entries == {
        "dict-api": [(["dict-test", "ingress-nginx"], 8080), (["monitoring"], 9090)],
        "orchestration-worker": [(["dict-test", "monitoring"], 9090)],
        "dict-test": [],
        "dict-db-migration": [],
        "dict-db-backup": [],
    }


def source(peer: Json) -> str:
    labels: dict[str, str] = next(iter(peer.values()))["matchLabels"]
    return labels.get("kubernetes.io/metadata.name") or labels["app.kubernetes.io/component"]


def test_more_clients_and_more_targets_can_be_allowed() -> None:
    found = rendered(
        PRODUCTION,
        '--set-json=networkPolicy.ingress.clients=[{"podSelector":{"matchLabels":{"app":"portal"}}}]',
        '--set-json=networkPolicy.egress.extra=[{"to":[{"ipBlock":{"cidr":"203.0.113.0/24"}}],"ports":[{"port":443}]}]',
    ).all("NetworkPolicy")

    assert {"podSelector": {"matchLabels": {"app": "portal"}}} in found["dict-api"]["spec"]["ingress"][0]["from"]
    assert found["orchestration-worker"]["spec"]["egress"][-1]["to"] == [{"ipBlock": {"cidr": "203.0.113.0/24"}}]
