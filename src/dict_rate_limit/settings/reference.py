"""The settings as a reference for operators, in Markdown."""

from __future__ import annotations

from itertools import groupby

from dict_rate_limit.settings.definition import Definition, Secrecy
from dict_rate_limit.settings.fields import definitions


def reference() -> str:
    """Write a table for each section; docs/configuration.md holds exactly this."""
    grouped = groupby(definitions().items(), key=lambda item: item[1].section)
    return "\n".join(_section(title, list(items)) for title, items in grouped)


def _section(title: str, items: list[tuple[str, Definition]]) -> str:
    head = f"### {title}\n\n| variable | default | expected | what it is |\n|---|---|---|---|\n"
    return head + "".join(_row(name, definition) for name, definition in items)


def _row(name: str, definition: Definition) -> str:
    default = "" if definition.default is None else f"`{definition.default}`"
    cells = (f"`{name}`", default, definition.expected, " ".join(_words(definition)))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _words(definition: Definition) -> list[str]:
    words = [definition.doc]
    if definition.needed_by:
        words.append(f"Needed by {', '.join(definition.needed_by)}.")
    if definition.secrecy is not Secrecy.OPEN:
        words.append("Secret: also from a file.")
    return words
