"""Write the kinds of alerts in docs/runbooks/README.md; with --check only report whether they are up to date."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from dict_rate_limit.domain.alerts.alert import Kind

INDEX: Final = Path(__file__).parents[1] / "docs" / "runbooks" / "README.md"
_ROWS: Final = re.compile(r"(?<=\(`kind`\) \| \| \|\n).*?(?=\| \*\*)", re.DOTALL)


def main(arguments: list[str]) -> int:
    """Write or compare; return the exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("scripts/kinds: expected --check or nothing\n")
        return 64
    text = INDEX.read_text(encoding="utf-8")
    if not arguments:
        INDEX.write_text(_index(text), encoding="utf-8")
    elif _index(text) != text:
        sys.stderr.write("docs/runbooks/README.md does not list the kinds of alerts: run scripts/kinds\n")
        return 1
    return 0


def _index(text: str) -> str:
    rows = "".join(
        f"| `{kind}` | [pt]({kind.runbook}.pt.md) | [en]({kind.runbook}.en.md) |\n" for kind in Kind if kind.runbook
    )
    return _ROWS.sub(rows, text, count=1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
