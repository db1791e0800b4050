"""Every pod of every release meets the Pod Security standard "restricted" and further limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deploy.rendered_chart import RELEASES, containers, release, rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "hostUsers")


def unrestricted(spec: Json) -> Iterator[str]:
    """Yield the violations of the standard "restricted" in a pod."""
    yield from (f"{field} is set" for field in HOST_FIELDS if field in spec)
    shared = spec.get("securityContext", {})
    for volume in spec.get("volumes", ()):
        yield from (f"volume {kind}" for kind in volume.keys() - {"name"} - VOLUMES)
    for container in containers(spec):
        context = shared | container.get("securityContext", {})
        yield from (f"{container['name']}: {line}" for line in unrestricted_container(container, context))


def unrestricted_container(container: Json, context: Json) -> Iterator[str]:
    if context.get("runAsNonRoot") is not True or context.get("runAsUser") == 0:
        yield "may run as root"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "may gain privileges"
    if context.get("privileged"):
        yield "is privileged"
    capabilities = context.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}:
        yield "keeps capabilities"
    if context.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield "has no seccomp profile"
    if context.get("procMount", "Default") != "Default" or "sysctls" in context or "seLinuxOptions" in context:
        yield "changes what the kernel shows"
    yield from (f"port {port} of the node" for port in container.get("ports", ()) if "hostPort" in port)


@pytest.mark.parametrize("name", RELEASES)
def test_pods_meet_the_restricted_standard(name: str) -> None:
    complaints = [
        f"{owner}: {line}" for owner, template in release(name).pods() for line in unrestricted(template["spec"])
    ]

    assert complaints == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"hostNetwork": True}, "hostNetwork is set"),
        ({"volumes": [{"name": "root", "hostPath": {"path": "/"}}]}, "volume hostPath"),
        ({"securityContext": {}}, "api: may run as root"),
    ],
)
def test_violations_of_the_standard_are_reported(change: Json, complaint: str) -> None:
    spec = release("default").one("Pod", "dict-test")["spec"]

    assert complaint in list(unrestricted(spec | change))


@pytest.mark.parametrize("name", RELEASES)
def test_containers_write_to_volumes_only(name: str) -> None:
    pods = list(release(name).pods())

    for owner, template in pods:
        assert template["spec"]["securityContext"]["runAsUser"] == 1000, owner
        for container in containers(template["spec"]):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, owner
            assert "tmp" in {mount["name"] for mount in container["volumeMounts"]}, owner


@pytest.mark.parametrize("name", RELEASES)
def test_no_pod_can_call_the_kubernetes_api(name: str) -> None:
    found = release(name)

    for owner, template in found.pods():
        assert template["spec"]["automountServiceAccountToken"] is False, owner
        assert template["spec"]["enableServiceLinks"] is False, owner
    assert all(item["automountServiceAccountToken"] is False for item in found.all("ServiceAccount").values())
    assert {item["kind"] for item in found.objects}.isdisjoint(
        {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
    )


@pytest.mark.parametrize("name", RELEASES)
def test_every_container_has_requests_and_limits(name: str) -> None:
    for owner, template in release(name).pods():
        for container in containers(template["spec"]):
            resources = container["resources"]
            assert resources["requests"].keys() >= {"cpu", "memory"}, owner
            assert resources["limits"].keys() >= {"cpu", "memory"}, owner


@pytest.mark.parametrize("name", RELEASES)
def test_no_secret_is_created_from_values(name: str) -> None:
    found = release(name)

    assert found.all("Secret") == {}
    assert "postgres://" not in found.text


def test_only_the_program_can_read_files_of_secrets() -> None:
    modes = [
        volume["secret"]["defaultMode"]
        for _, template in release("everything").pods()
        for volume in template["spec"]["volumes"]
        if "secret" in volume
    ]

    assert len(modes) == 8
    assert set(modes) == {0o440}


def test_common_fields_reach_every_pod() -> None:
    pods = list(release("everything").pods())

    for owner, template in pods:
        assert template["metadata"]["labels"]["team"] == "pix", owner
        assert template["spec"]["imagePullSecrets"] == [{"name": "registry"}], owner
        assert template["spec"]["nodeSelector"] == {"pool": "pix"}, owner
        assert template["spec"]["tolerations"] == [{"key": "pix", "operator": "Exists"}], owner


def test_a_digest_overrides_the_tag() -> None:
    digest = f"sha256:{'a' * 64}"

    found = rendered(f"--set=image.dictApi.digest={digest},image.migrations.tag=2.0.0")

    images = {container["image"] for _, template in found.pods() for container in containers(template["spec"])}
    assert images == {
        f"ghcr.io/lbpay/dict-rate-limit/dict-api@{digest}",
        "ghcr.io/lbpay/dict-rate-limit/orchestration-worker:1.0.0",
        "ghcr.io/lbpay/dict-rate-limit/dict-migrations:2.0.0",
    }
