"""Checks that all references of pods and Services resolve. kwok starts no container, so nothing else reports them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Json = dict[str, Any]

# Paths in the images that pods use: programs, the SQL, and standard paths of Linux.
IN_IMAGES = ("/app/", "/bin/", "/migrations")
ANSWERED_PATHS = {"/health", "/ready"}


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of one namespace by kind and name."""

    by_kind: Mapping[str, Mapping[str, Json]]

    def of(self, kind: str) -> Mapping[str, Json]:
        return self.by_kind.get(kind, {})

    def keys(self, kind: str, name: str) -> set[str] | None:
        """Return the keys of a Secret or ConfigMap, or None if it does not exist."""
        item = self.of(kind).get(name)
        return None if item is None else {*(item.get("data") or {}), *(item.get("stringData") or {})}


def indexed(items: Iterable[Json]) -> Objects:
    by_kind: dict[str, dict[str, Json]] = {}
    for item in items:
        by_kind.setdefault(item["kind"], {})[item["metadata"]["name"]] = item
    return Objects(by_kind)


def dangling(items: Iterable[Json]) -> list[str]:
    """Return a line for each reference that does not resolve."""
    objects = indexed(items)
    return [*pod_complaints(objects), *service_complaints(objects), *selector_complaints(objects)]


def pod_complaints(objects: Objects) -> Iterator[str]:
    for owner, template in templates(objects):
        spec = template["spec"]
        lines = [*volume_complaints(objects, spec), *account_complaints(objects, spec)]
        for container in containers(spec):
            lines += [*env_complaints(objects, container), *mount_complaints(spec, container)]
            lines += [*probe_complaints(container), *path_complaints(objects, spec, container)]
        yield from (f"{owner}: {line}" for line in lines)


def templates(objects: Objects) -> Iterator[tuple[str, Json]]:
    for kind in ("Deployment", "Job", "StatefulSet"):
        for name, item in objects.of(kind).items():
            yield f"{kind} {name}", item["spec"]["template"]
    for name, item in objects.of("CronJob").items():
        yield f"CronJob {name}", item["spec"]["jobTemplate"]["spec"]["template"]
    for name, item in objects.of("Pod").items():
        yield f"Pod {name}", item


def containers(spec: Json) -> list[Json]:
    return [*spec.get("initContainers", ()), *spec["containers"]]


def key_complaints(objects: Objects, kind: str, name: str, wanted: Iterable[str]) -> Iterator[str]:
    keys = objects.keys(kind, name)
    if keys is None:
        yield f"there is no {kind} {name}"
        return
    yield from (f"{kind} {name} has no key {key}" for key in wanted if key not in keys)


def env_complaints(objects: Objects, container: Json) -> Iterator[str]:
    for variable in container.get("env", ()):
        source = variable.get("valueFrom", {})
        for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            reference = source.get(field)
            if reference and not reference.get("optional"):
                yield from key_complaints(objects, kind, reference["name"], [reference["key"]])
    for source in container.get("envFrom", ()):
        for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            if field in source and not source[field].get("optional"):
                yield from key_complaints(objects, kind, source[field]["name"], ())


def sources(volume: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield kind, name and source of each Secret and ConfigMap in a volume."""
    for source in [volume, *volume.get("projected", {}).get("sources", ())]:
        if "secret" in source:
            yield "Secret", source["secret"].get("secretName") or source["secret"]["name"], source["secret"]
        if "configMap" in source:
            yield "ConfigMap", source["configMap"]["name"], source["configMap"]


def volume_complaints(objects: Objects, spec: Json) -> Iterator[str]:
    for volume in spec.get("volumes", ()):
        for kind, name, source in sources(volume):
            if not source.get("optional"):
                yield from key_complaints(objects, kind, name, [item["key"] for item in source.get("items", ())])
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        if claim and claim not in objects.of("PersistentVolumeClaim"):
            yield f"there is no PersistentVolumeClaim {claim}"


def account_complaints(objects: Objects, spec: Json) -> Iterator[str]:
    account = spec.get("serviceAccountName", "default")
    if account not in objects.of("ServiceAccount"):
        yield f"there is no ServiceAccount {account}"
    for secret in spec.get("imagePullSecrets", ()):
        yield from key_complaints(objects, "Secret", secret["name"], [".dockerconfigjson"])


def mount_complaints(spec: Json, container: Json) -> Iterator[str]:
    volumes = {volume["name"] for volume in spec.get("volumes", ())}
    for mount in container.get("volumeMounts", ()):
        if mount["name"] not in volumes:
            yield f"{container['name']} mounts {mount['name']}, which is no volume"


def probe_complaints(container: Json) -> Iterator[str]:
    ports = {port.get("name") for port in container.get("ports", ())}
    ports |= {port["containerPort"] for port in container.get("ports", ())}
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        call = container.get(probe, {}).get("httpGet")
        if call and call["port"] not in ports:
            yield f"{probe} of {container['name']} asks port {call['port']}, which it does not open"
        if call and call["path"] not in ANSWERED_PATHS:
            yield f"{probe} of {container['name']} asks {call['path']}, which no program serves"


def path_complaints(objects: Objects, spec: Json, container: Json) -> Iterator[str]:
    last = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ())
    words = [*container.get("command", ()), *container.get("args", ()), *last]
    values = [variable.get("value", "") for variable in container.get("env", ())]
    for path in {word for word in " ".join([*words, *values]).split() if word.startswith("/")}:
        if not (path.startswith(IN_IMAGES) or shown(objects, spec, container, PurePosixPath(path))):
            yield f"{container['name']} names {path}, which neither its image nor a volume holds"


def shown(objects: Objects, spec: Json, container: Json, path: PurePosixPath) -> bool:
    """Return whether a volume of the container contains the path. Files of Secrets and ConfigMaps must exist."""
    volumes = {volume["name"]: volume for volume in spec.get("volumes", ())}
    for mount in container.get("volumeMounts", ()):
        place = PurePosixPath(mount["mountPath"])
        if path.is_relative_to(place):
            files = held_files(objects, volumes[mount["name"]])
            return files is None or path == place or str(path.relative_to(place)) in files
    return False


def held_files(objects: Objects, volume: Json) -> set[str] | None:
    """Return the files of a volume, or None if programs may write their own."""
    found = list(sources(volume))
    if not found:
        return None
    files: set[str] = set()
    for kind, name, source in found:
        items = source.get("items")
        files |= {item["path"] for item in items} if items else (objects.keys(kind, name) or set())
    return files


def service_complaints(objects: Objects) -> Iterator[str]:
    for name, service in objects.of("Service").items():
        chosen = [template for _, template in templates(objects) if selects(service["spec"]["selector"], template)]
        if not chosen:
            yield f"Service {name} selects no pod"
        opened = {port for template in chosen for port in opened_ports(template)}
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            if target not in opened:
                yield f"Service {name} leads to port {target}, which its pods do not open"
    for name, ingress in objects.of("Ingress").items():
        for rule in ingress["spec"].get("rules", ()):
            for path in rule["http"]["paths"]:
                yield from backend_complaints(objects, f"Ingress {name}", path["backend"]["service"])


def opened_ports(template: Json) -> Iterator[object]:
    for container in containers(template["spec"]):
        for port in container.get("ports", ()):
            yield port["containerPort"]
            yield port.get("name")


def backend_complaints(objects: Objects, owner: str, backend: Json) -> Iterator[str]:
    service = objects.of("Service").get(backend["name"])
    wanted = backend["port"]
    ports = service["spec"]["ports"] if service else ()
    if not any(port.get("name") == wanted.get("name") or port["port"] == wanted.get("number") for port in ports):
        yield f"{owner} leads to {backend['name']} port {wanted}, which is not there"


def selector_complaints(objects: Objects) -> Iterator[str]:
    for name, budget in objects.of("PodDisruptionBudget").items():
        labels = budget["spec"]["selector"]["matchLabels"]
        if not any(selects(labels, template) for _, template in templates(objects)):
            yield f"PodDisruptionBudget {name} selects no pod"
    for name, scaler in objects.of("HorizontalPodAutoscaler").items():
        target = scaler["spec"]["scaleTargetRef"]
        if target["name"] not in objects.of(target["kind"]):
            yield f"HorizontalPodAutoscaler {name} scales {target['kind']} {target['name']}, which is not there"
    for name, monitor in objects.of("ServiceMonitor").items():
        yield from monitor_complaints(objects, name, monitor["spec"])


def monitor_complaints(objects: Objects, name: str, spec: Json) -> Iterator[str]:
    labels = spec["selector"]["matchLabels"]
    chosen = [service for service in objects.of("Service").values() if selects(labels, service)]
    ports = {port.get("name") for service in chosen for port in service["spec"]["ports"]}
    for endpoint in spec["endpoints"]:
        if endpoint["port"] not in ports:
            yield f"ServiceMonitor {name} reads port {endpoint['port']}, which no Service it selects has"


def selects(selector: Mapping[str, str], item: Json) -> bool:
    """Return whether an object or a pod template has the labels."""
    labels: Mapping[str, str] = item["metadata"].get("labels", {})
    return selector.items() <= labels.items()
