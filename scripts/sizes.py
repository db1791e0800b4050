"""Fail on a module or function too long to read in one sitting, and on modules that a prefix makes a package."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MODULE_CAP, FUNCTION_CAP = 400, 40
FAMILY = 3
"""So many modules of one folder with a common prefix (`dump_tools`, `dump_folder`, …) are a package."""


def main() -> int:
    """Measure src, print every violation, return the exit code."""
    paths = [path for path in sorted(Path("src").rglob("*.py")) if not path.name.endswith("_pb2.py")]
    violations = [*_families(paths)]
    for path in paths:
        text = path.read_text(encoding="utf-8")
        lines = len(text.splitlines())
        if lines > MODULE_CAP:
            violations.append(f"{path}: {lines} lines, at most {MODULE_CAP}")
        violations += (
            f"{path}:{line}: {name} has {length} lines, at most {FUNCTION_CAP}"
            for name, line, length in _functions(ast.parse(text))
            if length > FUNCTION_CAP
        )
    sys.stderr.writelines(f"{violation}\n" for violation in violations)
    return 1 if violations else 0


def _families(paths: Iterable[Path]) -> Iterator[str]:
    prefixes = Counter((path.parent, path.stem.split("_")[0]) for path in paths if not path.stem.startswith("_"))
    for (folder, prefix), count in sorted(prefixes.items()):
        if count >= FAMILY:
            yield f"{folder}: {count} modules begin with {prefix}, make them a package"


def _functions(tree: ast.Module) -> Iterator[tuple[str, int, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            end = node.end_lineno or node.lineno
            yield node.name, node.lineno, end - body[0].lineno + 1 if body else 0


if __name__ == "__main__":
    sys.exit(main())
