"""Objects of the simulated cluster, with the effects of a change: mounted files and Jobs that run."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

from runbooks.command_line import NAMESPACE, STAGE, CommandLine, RejectedError

if TYPE_CHECKING:
    Document = dict[str, Any]  # as YAML gives it

CERTIFICATES = {"tls.crt": "client.crt", "tls.key": "client.key", "ca.crt": "ca.crt"}
KINDS = {"deploy": "deployment", "pod": "pods", "svc": "service", "job": "job", "cm": "configmap", "secrets": "secret"}


def objects() -> dict[str, Document]:
    """Return the objects of the cluster by kind/name."""
    path = STAGE / "objects.json"
    stored: dict[str, Document] = json.loads(path.read_text()) if path.exists() else {}
    return stored


def apply_documents(documents: list[Document]) -> list[str]:
    stored, results = objects(), []
    for document in documents:
        name = f"{document['kind'].lower()}/{document['metadata']['name']}"
        results.append(f"{name} {'configured' if name in stored else 'created'}")
        stored[name] = document
        if name.startswith("secret/"):
            update_mounted_files(document)
    (STAGE / "objects.json").write_text(json.dumps(stored))
    for document in documents:
        if document["kind"] == "Job":
            run_job(document)
    return results


def update_mounted_files(secret: Document) -> None:
    """Replace the mounted files of running pods, as the kubelet does when a Secret changes."""
    name, data = secret["metadata"]["name"], secret["data"]
    tokens, certificates = STAGE / "tokens", STAGE / "certs"
    if name == "dict-secrets" and tokens.exists():
        tokens.resolve().write_bytes(base64.b64decode(data["api.tokens"]))
    if name == "bridge-tls-certs":
        if secret["type"] != "kubernetes.io/tls" or set(data) != set(CERTIFICATES):
            message = f"bridge-tls-certs: expected the type kubernetes.io/tls with {', '.join(CERTIFICATES)}"
            raise RejectedError(message)
        for key, file in CERTIFICATES.items() if certificates.exists() else ():
            (certificates.resolve() / file).write_bytes(base64.b64decode(data[key]))


def run_job(job: Document) -> None:
    """Run the Job's command, with a folder of the stage as the volume /backups, and store its log."""
    container = job["spec"]["template"]["spec"]["containers"][0]
    if container.get("command") != ["dict-rate-limit"]:
        return
    folder = STAGE / "backups"
    folder.mkdir(exist_ok=True)
    words = [word.replace("/backups", str(folder)) for word in container["args"]]
    url = base64.b64decode(objects()["secret/dict-secrets"]["data"]["database.url"]).decode()
    done = subprocess.run(  # noqa: S603 -- the chart's own command
        ["dict-rate-limit", *words],  # noqa: S607 -- the stage's own program
        check=False,
        env=os.environ | {"DATABASE_URL": url},  # noqa: TID251 -- the environment of a pod
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    (STAGE / f"{job['metadata']['name']}.log").write_text(done.stdout.replace(str(folder), "/backups"))
    if done.returncode:
        raise RejectedError(done.stdout)


def find_object(words: CommandLine) -> str:
    """Return kind/name of the object of a command. In the product's namespace it must exist."""
    first, *more = words.plain
    kind, slash, name = first.partition("/")
    name = name if slash else (more or [""])[0]
    found = f"{KINDS.get(kind, kind)}/{name}"
    if words.one("--namespace") == NAMESPACE and name and found not in objects():
        message = f'"{found}" not found; there are {", ".join(sorted(objects()))}'
        raise RejectedError(message)
    return found


def rows(kind: str, namespace: str) -> list[str]:
    """List the objects of a kind. Each Deployment has one pod."""
    if namespace != NAMESPACE:
        return []
    if kind == "pods":
        pods = [name.split("/")[1] for name in objects() if name.startswith("deployment/")]
        return [f"{pod}-5f7c9d8b6-x2x4z   1/1   Running   0   2m" for pod in sorted(pods)]
    return sorted(name.split("/")[1] for name in objects() if name.startswith(kind + "/"))


def walk(document: Document, path: str) -> str:
    """Read `{.a.b\\.c[0]}`."""
    found: Any = document
    for part in re.findall(r"\.((?:\\.|[^.\[\]{}\\])+)|\[(\d+)\]", path):
        key = part[0].replace("\\.", ".")
        try:
            found = found[key] if key else found[int(part[1])]
        except (KeyError, IndexError):
            return ""
    return found if isinstance(found, str) else json.dumps(found)
