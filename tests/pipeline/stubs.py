"""Stubs of kubectl, helm, docker and other programs. They log their calls and return prepared answers."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY = Path(__file__).parents[2]
PROGRAMS = ("apt-get", "cosign", "curl", "docker", "helm", "id", "kubectl", "sudo")
_DIGESTS = [f"sha256:{letter * 64}" for letter in "abc"]
IMAGES = {
    "REGISTRY": "ghcr.io",
    "IMAGE_NAME": "lbpay/dict-rate-limit",
    "DIGEST_DICT_API": _DIGESTS[0],
    "DIGEST_ORCHESTRATION_WORKER": _DIGESTS[1],
    "DIGEST_MIGRATIONS": _DIGESTS[2],
}
REFERENCES = [
    f"ghcr.io/lbpay/dict-rate-limit/{name}@{digest}"
    for name, digest in zip(("dict-api", "orchestration-worker", "dict-migrations"), _DIGESTS, strict=True)
]

_STUB = """#!{python} -SE
import json, sys
from pathlib import Path
folder = Path({folder!r})
call = [Path(sys.argv[0]).name, *sys.argv[1:]]
stdin = sys.stdin.read() if "-" in call else ""
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps({{"call": call, "stdin": stdin}}) + "\\n")
words = " ".join(call)
for answer in json.loads((folder / "answers").read_text()):
    if answer["to"] in words and (not answer["stdin"] or answer["stdin"] in stdin):
        sys.stdout.write(answer["stdout"])
        sys.stderr.write(answer["stderr"])
        sys.exit(answer["code"])
"""


class _Line(TypedDict):
    call: list[str]
    stdin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StubAnswer:
    """Answer of a stub to calls that contain `to` (and, if given, `stdin` on standard input)."""

    to: str
    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """Exit code and output of a script."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A machine without cluster, registry and network. The PATH has the stubs, then the programs of the system."""

    folder: Path

    @classmethod
    def built(cls, folder: Path) -> Stage:
        """Create the stubs in an empty folder."""
        stage = cls(folder)
        (folder / "bin").mkdir()
        for name in PROGRAMS:
            stage.program(name, _STUB.format(python=sys.executable, folder=str(folder)))
        for name in ("calls", "env", "output"):
            (folder / name).touch()
        stage.answers()
        return stage

    def program(self, name: str, text: str) -> None:
        """Add a program before those of the system."""
        file = self.folder / "bin" / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)

    def answers(self, *answers: StubAnswer) -> None:
        """Set the answers. The first match is used; without a match a stub prints nothing and exits with 0."""
        fields = ("to", "stdin", "stdout", "stderr", "code")
        prepared = [{field: getattr(answer, field) for field in fields} for answer in answers]
        (self.folder / "answers").write_text(json.dumps(prepared), encoding="utf-8")

    def run(self, script: str, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run `scripts/deploy/<script>` as a step of the pipeline, with only these variables."""
        return self.step([str(REPOSITORY / "scripts/deploy" / script), *arguments], env or {})

    def step(self, command: list[str], env: Mapping[str, str]) -> Ran:
        """Run a command from the repository's root."""
        given = {
            "PATH": f"{self.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "RUNNER_TEMP": str(self.folder),
            "GITHUB_ENV": str(self.folder / "env"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            **env,
        }
        done = subprocess.run(  # noqa: S603 -- the script under test
            command, cwd=REPOSITORY, env=given, capture_output=True, text=True, check=False
        )
        return Ran(code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    @property
    def calls(self) -> list[list[str]]:
        """Return all calls in order, each as name and arguments."""
        return [line["call"] for line in self._lines()]

    @property
    def lines(self) -> list[str]:
        """Return all calls in order, each as one line."""
        return [" ".join(call) for call in self.calls]

    @property
    def stdin(self) -> str:
        """Return the standard input of all stubs."""
        return "".join(line["stdin"] for line in self._lines())

    @property
    def outputs(self) -> dict[str, str]:
        """Return the outputs in GITHUB_OUTPUT."""
        return _pairs(self.folder / "output")

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables in GITHUB_ENV."""
        return _pairs(self.folder / "env")

    def _lines(self) -> list[_Line]:
        return [json.loads(line) for line in (self.folder / "calls").read_text(encoding="utf-8").splitlines()]


def _pairs(file: Path) -> dict[str, str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)
