"""Write what lists the kinds of alerts; with --check only report whether it is up to date.

The rows of docs/runbooks/README.md, the examples of docs/events/core-event.schema.json.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Final

from dict_rate_limit.domain.alerts.alert import Kind

DOCS: Final = Path(__file__).parents[1] / "docs"
INDEX: Final = DOCS / "runbooks" / "README.md"
SCHEMA: Final = DOCS / "events" / "core-event.schema.json"
_ROWS: Final = re.compile(r"(?<=\(`kind`\) \| \| \|\n).*?(?=\| \*\*)", re.DOTALL)
_EXAMPLES: Final = re.compile(r'("kind": \{[^{}]*"examples": )\[[^\]]*\]')


def main(arguments: list[str]) -> int:
    """Write or compare; return the exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("scripts/kinds: expected --check or nothing\n")
        return 64
    pages = {INDEX: _index(INDEX.read_text(encoding="utf-8")), SCHEMA: _schema(SCHEMA.read_text(encoding="utf-8"))}
    stale = [page for page, text in pages.items() if page.read_text(encoding="utf-8") != text]
    for page in stale:
        if arguments:
            sys.stderr.write(f"docs/{page.relative_to(DOCS)} does not list the kinds of alerts: run scripts/kinds\n")
        else:
            page.write_text(pages[page], encoding="utf-8")
    return 1 if stale and arguments else 0


def _index(text: str) -> str:
    rows = "".join(
        f"| `{kind}` | [pt]({kind.runbook}.pt.md) | [en]({kind.runbook}.en.md) |\n" for kind in Kind if kind.runbook
    )
    return _ROWS.sub(rows, text, count=1)


def _schema(text: str) -> str:
    examples = json.dumps(list(Kind), indent=2).replace("\n", "\n" + " " * 10)
    return _EXAMPLES.sub(lambda found: found[1] + examples, text, count=1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
