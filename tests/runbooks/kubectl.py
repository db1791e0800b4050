"""A stub of kubectl, with one function per command."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from runbooks.command_line import NAMESPACE, STAGE, CommandLine, RejectedError, parse, write
from runbooks.objects import KINDS, apply_documents, find_object, objects, rows, walk

FORWARDS_SEC = 30
SHORT = {
    "-p": "--patch",
    "-n": "--namespace",
    "-o": "--output",
    "-f": "--filename",
    "-l": "--selector",
    "-c": "--container",
}
COMMON = {"--namespace": True, "--output": True, "--selector": True, "--context": True}
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


def kubectl(arguments: list[str]) -> int:
    verb = next((verb for verb in (" ".join(arguments[:2]), arguments[0]) if verb in VERBS), None)
    if verb is None:
        message = f"unknown command: {' '.join(arguments[:2])}"
        raise RejectedError(message)
    short = SHORT | ({"-f": "--follow"} if verb == "logs" else {"-i": "--stdin"} if verb == "exec" else {})
    words = parse(arguments[len(verb.split()) :], COMMON | VERBS[verb], short)
    words.options.setdefault("--namespace", ["default"])
    return int(globals()[verb.replace(" ", "_").replace("-", "_") + "_"](words))


def apply_(words: CommandLine) -> int:
    documents = []
    for name in words.options["--filename"]:
        files = [Path(name)] if name == "-" or Path(name).is_file() else sorted(Path(name).glob("*.yaml"))
        if not files:
            message = f'the path "{name}" does not exist'
            raise RejectedError(message)
        for file in files:
            text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
            documents += [document for document in yaml.safe_load_all(text) if document]
    return write("\n".join(apply_documents(documents)))


def create_secret_(words: CommandLine) -> int:
    kind, name = words.plain
    if kind != "generic" or words.one("--dry-run") != "client" or words.one("--output") != "yaml":
        message = "create secret: expected generic NAME --dry-run=client -o yaml"
        raise RejectedError(message)
    data = {}
    for pair in words.options.get("--from-file", []):
        key, given, file = pair.partition("=")
        source = Path(file if given else key)
        data[key if given else source.name] = base64.b64encode(source.read_bytes()).decode()
    for pair in words.options.get("--from-literal", []):
        key, _, value = pair.partition("=")
        data[key] = base64.b64encode(value.encode()).decode()
    metadata = {"name": name, "namespace": words.one("--namespace")}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
    return write(yaml.safe_dump(secret | {"type": words.one("--type") or "Opaque"}))


def create_job_(words: CommandLine) -> int:
    (name,) = words.plain
    source = objects().get(words.one("--from"))
    if source is None:
        message = f'"{words.one("--from")}" not found'
        raise RejectedError(message)
    metadata = {"name": name, "namespace": words.one("--namespace")}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": source["spec"]["jobTemplate"]["spec"]}
    if words.one("--dry-run") == "client":
        return write(yaml.safe_dump(job))
    apply_documents([job])
    return write(f"job.batch/{name} created")


def patch_(words: CommandLine) -> int:
    patch = yaml.safe_load(words.one("--patch"))
    if "--local" in words.options:
        document = yaml.safe_load(sys.stdin)
        for change in patch:
            *parents, last = [int(step) if step.isdigit() else step for step in change["path"].split("/")[1:]]
            inner: Any = document
            for step in parents:
                inner = inner[step]
            inner[last] = change["value"]
        return write(yaml.safe_dump(document))
    name = find_object(words)
    stored = objects()
    stored[name]["data"] |= patch["data"]
    (STAGE / "objects.json").write_text(json.dumps(stored))
    return write(f"{name} patched")


def delete_(words: CommandLine) -> int:
    name = "/".join(words.plain)
    stored = objects()
    if "--ignore-not-found" in words.options and name not in stored:
        return 0
    del stored[find_object(words)]
    (STAGE / "objects.json").write_text(json.dumps(stored))
    return write(f'{words.plain[0]} "{words.plain[1]}" deleted')


def get_(words: CommandLine) -> int:
    form = words.one("--output")
    kind, *named = words.plain if "/" not in words.plain[0] else words.plain[0].split("/")
    kind = KINDS.get(kind, kind)
    if not named or words.one("--namespace") != NAMESPACE:
        return write("\n".join(["NAME   READY   STATUS   RESTARTS   AGE", *rows(kind, words.one("--namespace"))]))
    found = [find_object(replace(words, plain=[kind, name])) for name in named]
    if form.startswith("jsonpath="):
        return write(walk(objects()[found[0]], form.removeprefix("jsonpath=")))
    return write("\n".join(found))


def describe_(words: CommandLine) -> int:
    return write(f"Name: {find_object(words)}")


def exec_(words: CommandLine) -> int:
    """Run the command on the stage, with the container's environment."""
    find_object(words)
    variables = os.environ | {"DATABASE_URL": os.environ["RUNBOOK_DATABASE_URL"]}  # noqa: TID251 -- the environment of a pod
    return subprocess.run(words.rest, check=False, env=variables).returncode  # noqa: S603 -- the runbook's own command


def logs_(words: CommandLine) -> int:
    log = STAGE / f"{find_object(words).split('/')[1]}.log"
    log = log if log.exists() else STAGE / "product.log"
    return write(log.read_text(encoding="utf-8").rstrip() if log.exists() else "")


def port_forward_(words: CommandLine) -> int:
    find_object(words)
    time.sleep(FORWARDS_SEC)  # until it is terminated
    return 0


def annotate_(words: CommandLine) -> int:
    return write(f"{find_object(words)} annotated")


def label_(words: CommandLine) -> int:
    return write(f"{find_object(words)} labeled")


def rollout_history_(words: CommandLine) -> int:
    return write(f"{find_object(words)}\nREVISION  CHANGE-CAUSE\n1         <none>")


def rollout_restart_(words: CommandLine) -> int:
    names = [find_object(replace(words, plain=[name])) for name in words.plain]
    return write("\n".join(f"{name} restarted".replace("/", ".apps/", 1) for name in names))


def rollout_status_(words: CommandLine) -> int:
    return write(f'deployment "{find_object(words).split("/")[1]}" successfully rolled out')


def scale_(words: CommandLine) -> int:
    names = [find_object(replace(words, plain=[name])) for name in words.plain]
    return write("\n".join(f"{name} scaled".replace("/", ".apps/", 1) for name in names))


def wait_(words: CommandLine) -> int:
    return write(f"{find_object(words)} condition met".replace("/", ".batch/", 1))
