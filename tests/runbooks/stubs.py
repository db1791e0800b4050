"""Stubs of programs that need a cluster or a broker. They reject what the real ones would, and log every call.

Run as `python -m runbooks.stubs PROGRAM ARGUMENT...`. RUNBOOK_STAGE names the folder of their state.
"""

from __future__ import annotations

import json
import sys

from runbooks.command_line import STAGE, RejectedError, parse, write
from runbooks.helm import helm
from runbooks.kubectl import kubectl

PULSAR: dict[str, tuple[int, set[str]]] = {  # positional arguments, options that take a value
    "brokers healthcheck": (0, set()),
    "namespaces create": (1, set()),
    "namespaces grant-permission": (1, {"--role", "--actions"}),
    "namespaces set-retention": (1, {"--size", "--time"}),
    "tenants create": (1, {"--allowed-clusters"}),
    "topics create": (1, set()),
    "topics stats": (1, set()),
}


def main(program: str, *arguments: str) -> int:
    """Run the stub of one program."""
    with (STAGE / "calls.jsonl").open("a", encoding="utf-8") as calls:
        calls.write(json.dumps([program, *arguments]) + "\n")
    try:
        return {"kubectl": kubectl, "helm": helm, "pulsar-admin": pulsar_admin}[program](list(arguments))
    except RejectedError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 -- output of a program
        return 1


def pulsar_admin(arguments: list[str]) -> int:
    verb = " ".join(arguments[:2])
    if verb not in PULSAR:
        message = f"unknown command: {verb}"
        raise RejectedError(message)
    count, options = PULSAR[verb]
    words = parse(arguments[2:], dict.fromkeys(options, True), {})
    if len(words.plain) != count or set(words.options) != options:
        message = f"{verb}: expected {count} arguments and {sorted(options)}"
        raise RejectedError(message)
    return write("ok" if verb == "brokers healthcheck" else '{"msgRateIn": 0.1}' if verb == "topics stats" else "")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
