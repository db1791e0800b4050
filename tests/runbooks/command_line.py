"""A parsed command line of a stub, or its rejection."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

STAGE = Path(os.environ.get("RUNBOOK_STAGE", "."))  # noqa: TID251 -- a program of its own
NAMESPACE = "dict-rate-limit"


class RejectedError(Exception):
    """The real program would reject this command line."""


@dataclass(slots=True)
class CommandLine:
    """Positional arguments, options, and the words after `--`."""

    plain: list[str] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)

    def one(self, name: str) -> str:
        return self.options.get(name, [""])[-1]


def parse(arguments: list[str], known: dict[str, bool], short: dict[str, str]) -> CommandLine:
    words = CommandLine()
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
            raise RejectedError(message)
        if known[name] and not given:
            value = waiting.pop(0)
        words.options.setdefault(name, []).append(value)
    return words


def write(text: str) -> int:
    print(text)  # noqa: T201 -- output of a program
    return 0
