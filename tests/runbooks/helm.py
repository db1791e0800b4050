"""A stub of helm. The real helm renders the chart where it is installed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import yaml

from runbooks.command_line import NAMESPACE, CommandLine, RejectedError, parse, write
from runbooks.objects import apply_documents

HELM_SHORT = {"-n": "--namespace", "-o": "--output", "-f": "--values"}
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


def helm(arguments: list[str]) -> int:
    verb, *more = arguments
    if verb not in HELM:
        message = f'unknown command "{verb}"'
        raise RejectedError(message)
    words = parse(more, HELM[verb], HELM_SHORT)
    if words.plain[:1] != ["dict-rate-limit"] or words.one("--namespace") != NAMESPACE:
        message = f"release {' '.join(words.plain)} in {words.one('--namespace') or 'default'}: not found"
        raise RejectedError(message)
    return int(globals()["helm_" + verb](words))


def helm_upgrade(words: CommandLine) -> int:
    _, chart = words.plain
    for file in (str(Path(chart) / "Chart.yaml"), *words.options.get("--values", [])):
        if not Path(file).is_file():
            message = f"{file}: no such file"
            raise RejectedError(message)
    render(words, chart)
    return write('Release "dict-rate-limit" has been upgraded. Happy Helming!\nSTATUS: deployed')


def render(words: CommandLine, chart: str) -> None:
    """Render the chart with the real helm where it is installed, and apply the objects to the cluster."""
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
    rendered = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 -- by full path
    if rendered.returncode:
        raise RejectedError(rendered.stderr)
    apply_documents([document for document in yaml.safe_load_all(rendered.stdout) if document])


def helm_rollback(_: CommandLine) -> int:
    return write("Rollback was a success! Happy Helming!")


def helm_history(_: CommandLine) -> int:
    rows = (
        "REVISION  STATUS      CHART                  DESCRIPTION",
        "1         superseded  dict-rate-limit-1.0.0  Install complete",
        "2         deployed    dict-rate-limit-1.0.1  Upgrade complete",
    )
    return write("\n".join(rows))


def helm_status(_: CommandLine) -> int:
    return write("NAME: dict-rate-limit\nNAMESPACE: dict-rate-limit\nSTATUS: deployed\nREVISION: 2")


def helm_test(_: CommandLine) -> int:
    return write("Phase:          Succeeded")


def helm_uninstall(_: CommandLine) -> int:
    return write('release "dict-rate-limit" uninstalled')
