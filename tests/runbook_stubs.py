"""Stand-ins for programs that need a cluster or a broker: they refuse what the real ones would, and keep every call.

Run as `python runbook_stubs.py PROGRAM ARGUMENT...`; RUNBOOK_STAGE names the folder with everything they know.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    Document = dict[str, Any]  # as YAML gives it

STAGE = Path(os.environ.get("RUNBOOK_STAGE", "."))  # noqa: TID251 -- a program of its own
NAMESPACE = "dict-rate-limit"
CERTIFICATES = {"tls.crt": "client.crt", "tls.key": "client.key", "ca.crt": "ca.crt"}
FORWARDS_SEC = 30
SHORT = {
    "-p": "--patch",
    "-n": "--namespace",
    "-o": "--output",
    "-f": "--filename",
    "-l": "--selector",
    "-c": "--container",
}
HELM_SHORT = {"-n": "--namespace", "-o": "--output", "-f": "--values"}
KINDS = {"deploy": "deployment", "pod": "pods", "svc": "service", "job": "job", "cm": "configmap", "secrets": "secret"}

EVERYWHERE = {"--namespace": True, "--output": True, "--selector": True, "--context": True}
VERBS: dict[str, dict[str, bool]] = {  # option: whether it takes a value
    "apply": {"--filename": True},
    "annotate": {"--overwrite": False},
    "create job": {"--from": True, "--dry-run": True},
    "create secret": {"--from-file": True, "--from-literal": True, "--dry-run": True, "--type": True},
    "delete": {"--ignore-not-found": False, "--wait": True, "--filename": True},
    "describe": {},
    "exec": {"--stdin": False, "--container": True},
    "get": {"--sort-by": True, "--ignore-not-found": False, "--field-selector": True, "--watch": False},
    "label": {"--overwrite": False},
    "logs": {"--follow": False, "--tail": True, "--since": True, "--container": True, "--previous": False},
    "patch": {"--local": False, "--filename": True, "--type": True, "--patch": True},
    "port-forward": {},
    "rollout history": {},
    "rollout restart": {},
    "rollout status": {"--timeout": True},
    "scale": {"--replicas": True},
    "wait": {"--for": True, "--timeout": True},
}
HELM: dict[str, dict[str, bool]] = {
    "upgrade": {
        "--install": False,
        "--namespace": True,
        "--create-namespace": False,
        "--values": True,
        "--set": True,
        "--set-string": True,
        "--atomic": False,
        "--wait": False,
        "--timeout": True,
        "--reuse-values": False,
    },
    "rollback": {"--namespace": True, "--wait": False, "--timeout": True},
    "history": {"--namespace": True, "--max": True, "--output": True},
    "status": {"--namespace": True, "--output": True},
    "test": {"--namespace": True, "--timeout": True},
    "uninstall": {"--namespace": True, "--wait": False},
}
PULSAR: dict[str, tuple[int, set[str]]] = {  # positional arguments, options that take a value
    "brokers healthcheck": (0, set()),
    "namespaces create": (1, set()),
    "namespaces grant-permission": (1, {"--role", "--actions"}),
    "namespaces set-retention": (1, {"--size", "--time"}),
    "tenants create": (1, {"--allowed-clusters"}),
    "topics create": (1, set()),
    "topics stats": (1, set()),
}


class RefusedError(Exception):
    """What the real program would not take."""


@dataclass(slots=True)
class Words:
    """A command line, taken apart."""

    plain: list[str] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)

    def one(self, name: str) -> str:
        return self.options.get(name, [""])[-1]


def main(program: str, *arguments: str) -> int:
    """Be one of the programs."""
    with (STAGE / "calls.jsonl").open("a", encoding="utf-8") as calls:
        calls.write(json.dumps([program, *arguments]) + "\n")
    try:
        return {"kubectl": kubectl, "helm": helm, "pulsar-admin": pulsar_admin}[program](list(arguments))
    except RefusedError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 -- a program's words
        return 1


def taken_apart(arguments: list[str], known: dict[str, bool], short: dict[str, str]) -> Words:
    words = Words()
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            words.rest = waiting
            break
        if not word.startswith("-") or word == "-":
            words.plain.append(word)
            continue
        name, given, value = word.partition("=")
        name = short.get(name, name)
        if name not in known:
            message = f"unknown flag: {word}"
            raise RefusedError(message)
        if known[name] and not given:
            value = waiting.pop(0)
        words.options.setdefault(name, []).append(value)
    return words


def say(text: str) -> int:
    print(text)  # noqa: T201 -- a program's words
    return 0


# kubectl


def kubectl(arguments: list[str]) -> int:
    verb = next((verb for verb in (" ".join(arguments[:2]), arguments[0]) if verb in VERBS), None)
    if verb is None:
        message = f"unknown command: {' '.join(arguments[:2])}"
        raise RefusedError(message)
    short = SHORT | ({"-f": "--follow"} if verb == "logs" else {"-i": "--stdin"} if verb == "exec" else {})
    words = taken_apart(arguments[len(verb.split()) :], EVERYWHERE | VERBS[verb], short)
    words.options.setdefault("--namespace", ["default"])
    return int(globals()[verb.replace(" ", "_").replace("-", "_") + "_"](words))


def objects() -> dict[str, Document]:
    """Return what the cluster holds, by kind/name."""
    place = STAGE / "objects.json"
    held: dict[str, Document] = json.loads(place.read_text()) if place.exists() else {}
    return held


def keep(documents: list[Document]) -> list[str]:
    held, told = objects(), []
    for document in documents:
        name = f"{document['kind'].lower()}/{document['metadata']['name']}"
        told.append(f"{name} {'configured' if name in held else 'created'}")
        held[name] = document
        if name.startswith("secret/"):
            project(document)
    (STAGE / "objects.json").write_text(json.dumps(held))
    for document in documents:
        if document["kind"] == "Job":
            carry_out(document)
    return told


def project(secret: Document) -> None:
    """Do what the kubelet does with a Secret: replace the files of running pods."""
    name, data = secret["metadata"]["name"], secret["data"]
    tokens, certificates = STAGE / "tokens", STAGE / "certs"
    if name == "dict-secrets" and tokens.exists():
        tokens.resolve().write_bytes(base64.b64decode(data["api.tokens"]))
    if name == "bridge-tls-certs":
        if secret["type"] != "kubernetes.io/tls" or set(data) != set(CERTIFICATES):
            message = f"bridge-tls-certs: expected the type kubernetes.io/tls with {', '.join(CERTIFICATES)}"
            raise RefusedError(message)
        for key, file in CERTIFICATES.items() if certificates.exists() else ():
            (certificates.resolve() / file).write_bytes(base64.b64decode(data[key]))


def there(words: Words) -> str:
    """Return the object the words are about, which must be there if its namespace is ours."""
    first, *more = words.plain
    kind, slash, name = first.partition("/")
    name = name if slash else (more or [""])[0]
    found = f"{KINDS.get(kind, kind)}/{name}"
    if words.one("--namespace") == NAMESPACE and name and found not in objects():
        message = f'"{found}" not found; there are {", ".join(sorted(objects()))}'
        raise RefusedError(message)
    return found


def apply_(words: Words) -> int:
    documents = []
    for name in words.options["--filename"]:
        files = [Path(name)] if name == "-" or Path(name).is_file() else sorted(Path(name).glob("*.yaml"))
        if not files:
            message = f'the path "{name}" does not exist'
            raise RefusedError(message)
        for file in files:
            text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
            documents += [document for document in yaml.safe_load_all(text) if document]
    return say("\n".join(keep(documents)))


def create_secret_(words: Words) -> int:
    kind, name = words.plain
    if kind != "generic" or words.one("--dry-run") != "client" or words.one("--output") != "yaml":
        message = "create secret: expected generic NAME --dry-run=client -o yaml"
        raise RefusedError(message)
    data = {}
    for pair in words.options.get("--from-file", []):
        key, given, place = pair.partition("=")
        source = Path(place if given else key)
        data[key if given else source.name] = base64.b64encode(source.read_bytes()).decode()
    for pair in words.options.get("--from-literal", []):
        key, _, value = pair.partition("=")
        data[key] = base64.b64encode(value.encode()).decode()
    metadata = {"name": name, "namespace": words.one("--namespace")}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
    return say(yaml.safe_dump(secret | {"type": words.one("--type") or "Opaque"}))


def create_job_(words: Words) -> int:
    (name,) = words.plain
    source = objects().get(words.one("--from"))
    if source is None:
        message = f'"{words.one("--from")}" not found'
        raise RefusedError(message)
    metadata = {"name": name, "namespace": words.one("--namespace")}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": source["spec"]["jobTemplate"]["spec"]}
    if words.one("--dry-run") == "client":
        return say(yaml.safe_dump(job))
    keep([job])
    return say(f"job.batch/{name} created")


def carry_out(job: Document) -> None:
    """Do what a pod of ours would: the volume /backups is a folder of the stage, its log is kept."""
    container = job["spec"]["template"]["spec"]["containers"][0]
    if container.get("command") != ["dict-rate-limit"]:
        return
    folder = STAGE / "backups"
    folder.mkdir(exist_ok=True)
    words = [word.replace("/backups", str(folder)) for word in container["args"]]
    url = base64.b64decode(objects()["secret/dict-secrets"]["data"]["database.url"]).decode()
    done = subprocess.run(  # noqa: S603 -- the chart's own command
        ["dict-rate-limit", *words],  # noqa: S607 -- ours, on the stage
        check=False,
        env=os.environ | {"DATABASE_URL": url},  # noqa: TID251 -- what pods have
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    (STAGE / f"{job['metadata']['name']}.log").write_text(done.stdout.replace(str(folder), "/backups"))
    if done.returncode:
        raise RefusedError(done.stdout)


def patch_(words: Words) -> int:
    patch = yaml.safe_load(words.one("--patch"))
    if "--local" in words.options:
        document = yaml.safe_load(sys.stdin)
        for change in patch:
            *way, last = [int(step) if step.isdigit() else step for step in change["path"].split("/")[1:]]
            inner: Any = document
            for step in way:
                inner = inner[step]
            inner[last] = change["value"]
        return say(yaml.safe_dump(document))
    name = there(words)
    held = objects()
    held[name]["data"] |= patch["data"]
    (STAGE / "objects.json").write_text(json.dumps(held))
    return say(f"{name} patched")


def delete_(words: Words) -> int:
    name = "/".join(words.plain)
    held = objects()
    if "--ignore-not-found" in words.options and name not in held:
        return 0
    del held[there(words)]
    (STAGE / "objects.json").write_text(json.dumps(held))
    return say(f'{words.plain[0]} "{words.plain[1]}" deleted')


def get_(words: Words) -> int:
    form = words.one("--output")
    kind, *named = words.plain if "/" not in words.plain[0] else words.plain[0].split("/")
    kind = KINDS.get(kind, kind)
    if not named or words.one("--namespace") != NAMESPACE:
        return say("\n".join(["NAME   READY   STATUS   RESTARTS   AGE", *rows(kind, words.one("--namespace"))]))
    found = [there(replace(words, plain=[kind, name])) for name in named]
    if form.startswith("jsonpath="):
        return say(walk(objects()[found[0]], form.removeprefix("jsonpath=")))
    return say("\n".join(found))


def rows(kind: str, namespace: str) -> list[str]:
    """List what is there of a kind; pods are those of the Deployments."""
    if namespace != NAMESPACE:
        return []
    if kind == "pods":
        pods = [name.split("/")[1] for name in objects() if name.startswith("deployment/")]
        return [f"{pod}-5f7c9d8b6-x2x4z   1/1   Running   0   2m" for pod in pods]
    return [name.split("/")[1] for name in objects() if name.startswith(kind + "/")]


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


def describe_(words: Words) -> int:
    return say(f"Name: {there(words)}")


def exec_(words: Words) -> int:
    """Run it here: the stage gives it what the container would."""
    there(words)
    variables = os.environ | {"DATABASE_URL": os.environ["RUNBOOK_DATABASE_URL"]}  # noqa: TID251 -- what pods have
    return subprocess.run(words.rest, check=False, env=variables).returncode  # noqa: S603 -- the runbook's own command


def logs_(words: Words) -> int:
    log = STAGE / f"{there(words).split('/')[1]}.log"
    log = log if log.exists() else STAGE / "product.log"
    return say(log.read_text(encoding="utf-8").rstrip() if log.exists() else "")


def port_forward_(words: Words) -> int:
    there(words)
    time.sleep(FORWARDS_SEC)  # until it is ended
    return 0


def annotate_(words: Words) -> int:
    return say(f"{there(words)} annotated")


def label_(words: Words) -> int:
    return say(f"{there(words)} labeled")


def rollout_history_(words: Words) -> int:
    return say(f"{there(words)}\nREVISION  CHANGE-CAUSE\n1         <none>")


def rollout_restart_(words: Words) -> int:
    names = [there(replace(words, plain=[name])) for name in words.plain]
    return say("\n".join(f"{name} restarted".replace("/", ".apps/", 1) for name in names))


def rollout_status_(words: Words) -> int:
    return say(f'deployment "{there(words).split("/")[1]}" successfully rolled out')


def scale_(words: Words) -> int:
    names = [there(replace(words, plain=[name])) for name in words.plain]
    return say("\n".join(f"{name} scaled".replace("/", ".apps/", 1) for name in names))


def wait_(words: Words) -> int:
    return say(f"{there(words)} condition met".replace("/", ".batch/", 1))


# helm


def helm(arguments: list[str]) -> int:
    verb, *more = arguments
    if verb not in HELM:
        message = f'unknown command "{verb}"'
        raise RefusedError(message)
    words = taken_apart(more, HELM[verb], HELM_SHORT)
    if words.plain[:1] != ["dict-rate-limit"] or words.one("--namespace") != NAMESPACE:
        message = f"release {' '.join(words.plain)} in {words.one('--namespace') or 'default'}: not found"
        raise RefusedError(message)
    return int(globals()["helm_" + verb](words))


def helm_upgrade(words: Words) -> int:
    _, chart = words.plain
    for file in (str(Path(chart) / "Chart.yaml"), *words.options.get("--values", [])):
        if not Path(file).is_file():
            message = f"{file}: no such file"
            raise RefusedError(message)
    render(words, chart)
    return say('Release "dict-rate-limit" has been upgraded. Happy Helming!\nSTATUS: deployed')


def render(words: Words, chart: str) -> None:
    """Let the real program read chart and values, where there is one; the cluster then holds what it made."""
    program = os.environ.get("RUNBOOK_HELM")  # noqa: TID251 -- a program of its own
    if not program:
        return
    options = [
        word
        for name in ("--values", "--set", "--set-string")
        for value in words.options.get(name, [])
        for word in (name, value)
    ]
    command = [program, "template", "dict-rate-limit", chart, "--namespace", NAMESPACE, *options]
    made = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 -- by full path
    if made.returncode:
        raise RefusedError(made.stderr)
    keep([document for document in yaml.safe_load_all(made.stdout) if document])


def helm_rollback(_: Words) -> int:
    return say("Rollback was a success! Happy Helming!")


def helm_history(_: Words) -> int:
    rows = (
        "REVISION  STATUS      CHART                  DESCRIPTION",
        "1         superseded  dict-rate-limit-1.0.0  Install complete",
        "2         deployed    dict-rate-limit-1.0.1  Upgrade complete",
    )
    return say("\n".join(rows))


def helm_status(_: Words) -> int:
    return say("NAME: dict-rate-limit\nNAMESPACE: dict-rate-limit\nSTATUS: deployed\nREVISION: 2")


def helm_test(_: Words) -> int:
    return say("Phase:          Succeeded")


def helm_uninstall(_: Words) -> int:
    return say('release "dict-rate-limit" uninstalled')


# pulsar-admin


def pulsar_admin(arguments: list[str]) -> int:
    verb = " ".join(arguments[:2])
    if verb not in PULSAR:
        message = f"unknown command: {verb}"
        raise RefusedError(message)
    count, options = PULSAR[verb]
    words = taken_apart(arguments[2:], dict.fromkeys(options, True), {})
    if len(words.plain) != count or set(words.options) != options:
        message = f"{verb}: expected {count} arguments and {sorted(options)}"
        raise RefusedError(message)
    return say("ok" if verb == "brokers healthcheck" else '{"msgRateIn": 0.1}' if verb == "topics stats" else "")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
