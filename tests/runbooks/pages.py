"""Parsed runbooks: headings, links, and the blocks that an operator copies."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "docs/runbooks"
LANGUAGES = ("en", "pt")

_BLOCK = re.compile(r"^(?P<indent> *)```(?P<info>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block. `marks` are the words name=value of its info string. A bare word has an empty value."""

    language: str
    marks: dict[str, str] = field(hash=False)
    text: str
    line: int

    @property
    def run(self) -> str | None:
        """How the block is run. None for output."""
        return self.marks.get("run")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One runbook in one language."""

    path: Path
    text: str

    @property
    def blocks(self) -> list[Block]:
        """Return the fenced blocks in order, without the indentation of a surrounding list."""
        return [_block(self.text, found) for found in _BLOCK.finditer(self.text)]

    @property
    def headings(self) -> list[str]:
        """Return the headings below the title."""
        return re.findall(r"^## (.+)$", _BLOCK.sub("", self.text), re.MULTILINE)

    @property
    def links(self) -> list[str]:
        """Return the targets of its relative links, without fragments."""
        return [link for link in _LINK.findall(_BLOCK.sub("", self.text)) if "://" not in link]


def names() -> list[str]:
    """Return the names of all runbooks."""
    return sorted({path.name.split(".")[0] for path in FOLDER.glob("*.??.md")})


def page(name: str, language: str) -> Page:
    path = FOLDER / f"{name}.{language}.md"
    return Page(path=path, text=path.read_text(encoding="utf-8"))


def _block(text: str, found: re.Match[str]) -> Block:
    language, *words = found["info"].split() or [""]
    indent = found["indent"]
    lines = [line.removeprefix(indent) for line in found["text"].splitlines()]
    return Block(
        language=language,
        marks={name: value for name, _, value in (word.partition("=") for word in words)},
        text="\n".join(lines) + "\n",
        line=text.count("\n", 0, found.start()) + 1,
    )
