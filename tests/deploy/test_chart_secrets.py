"""Secrets exist before the release, or the External Secrets operator creates them."""

from __future__ import annotations

from deploy.rendered_chart import release


def test_external_secrets_fill_the_names_the_pods_use() -> None:
    found = release("external secrets").all("ExternalSecret")

    targets = {name: item["spec"]["target"]["name"] for name, item in found.items()}
    keys = {name: {entry["secretKey"] for entry in item["spec"]["data"]} for name, item in found.items()}

    assert targets == {name: name for name in ("dict-secrets", "bridge-tls-certs", "dict-db-migration")}
    assert keys == {
        "dict-secrets": {"database.url", "api.tokens"},
        "bridge-tls-certs": {"tls.crt", "tls.key", "ca.crt"},
        "dict-db-migration": {"database.url"},
    }


def test_external_secrets_remain_after_the_release_and_hooks_do_not() -> None:
    found = release("external secrets").all("ExternalSecret")

    policies = {name: item["spec"]["target"]["creationPolicy"] for name, item in found.items()}

    assert policies == {"dict-secrets": "Orphan", "bridge-tls-certs": "Orphan", "dict-db-migration": "Owner"}
