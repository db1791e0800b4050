"""Access of a test to the cluster: kubectl and helm by full path, and changes since a revision."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PATIENCE_SEC = 180

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of an object. `revision` orders all changes of the cluster."""

    kind: str  # ADDED, MODIFIED or DELETED
    revision: int
    item: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A namespace of the cluster, with the access of an operator."""

    programs: Mapping[str, Path]
    config: Path
    namespace: str

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        return succeeded(self.try_kubectl(*arguments, given=given))

    def try_kubectl(self, *arguments: str, given: str | None = None) -> Ended:
        return self.run("kubectl", arguments, given)

    def helm(self, *arguments: str) -> str:
        return succeeded(self.try_helm(*arguments))

    def try_helm(self, *arguments: str) -> Ended:
        return self.run("helm", arguments, None)

    def run(self, program: str, arguments: Sequence[str], given: str | None) -> Ended:
        common = [f"--kubeconfig={self.config}", f"--namespace={self.namespace}"]
        done = subprocess.run(
            [str(self.programs[program]), *common, *arguments],
            input=given,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SEC,
        )
        return Ended(code=done.returncode, out=done.stdout, err=done.stderr)

    def apply(self, *items: Json) -> None:
        self.kubectl("apply", "--filename=-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))

    def get(self, kind: str, name: str) -> Json:
        item: Json = json.loads(self.kubectl("get", kind, name, "--output=json"))
        return item

    def all(self, *kinds: str, labels: str = "") -> list[Json]:
        items: list[Json] = json.loads(
            self.kubectl("get", ",".join(kinds), f"--selector={labels}", "--output=json", "--ignore-not-found") or "{}"
        ).get("items", [])
        return items

    def names(self, kind: str, labels: str = "") -> set[str]:
        return {item["metadata"]["name"] for item in self.all(kind, labels=labels)}

    def moment(self) -> int:
        """Return the current revision of the cluster."""
        answer = json.loads(self.kubectl("get", "--raw", f"/api/v1/namespaces/{self.namespace}/configmaps?limit=1"))
        return int(answer["metadata"]["resourceVersion"])

    def changes(self, group: str, kind: str, since: int) -> list[Change]:
        """Return the changes of objects such as ("apis/batch/v1", "jobs") in the namespace, oldest first."""
        path = f"/{group}/namespaces/{self.namespace}/{kind}"
        text = self.kubectl("get", "--raw", f"{path}?watch=1&resourceVersion={since}&timeoutSeconds=1")
        return [change(json.loads(line)) for line in text.splitlines()]


def change(event: Json) -> Change:
    return Change(
        kind=event["type"], revision=int(event["object"]["metadata"]["resourceVersion"]), item=event["object"]
    )


def succeeded(ended: Ended) -> str:
    assert ended.code == 0, f"{ended.err}\n{ended.out}"
    return ended.out
