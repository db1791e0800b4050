"""Fail on a module or function too long to read in one sitting, and on medians that creep up."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULE_CAP, MODULE_MEDIAN = 250, 100
FUNCTION_CAP, FUNCTION_MEDIAN = 40, 8


def main() -> int:
    """Measure src; print what is too long; return the exit code."""
    modules, functions, complaints = [], [], []
    for path in sorted(Path("src").rglob("*.py")):
        if path.name.endswith("_pb2.py"):
            continue
        text = path.read_text(encoding="utf-8")
        lines = len(text.splitlines())
        modules.append(lines)
        if lines > MODULE_CAP:
            complaints.append(f"{path}: {lines} lines, at most {MODULE_CAP}")
        for name, line, length in _functions(ast.parse(text)):
            functions.append(length)
            if length > FUNCTION_CAP:
                complaints.append(f"{path}:{line}: {name} has {length} lines, at most {FUNCTION_CAP}")
    for what, sizes, cap in (("module", modules, MODULE_MEDIAN), ("function", functions, FUNCTION_MEDIAN)):
        if median(sizes) > cap:
            complaints.append(f"median {what}: {median(sizes):g} lines, at most {cap}")
    sys.stderr.writelines(f"{complaint}\n" for complaint in complaints)
    return 1 if complaints else 0


def _functions(tree: ast.Module) -> Iterator[tuple[str, int, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            end = node.end_lineno or node.lineno
            yield node.name, node.lineno, end - body[0].lineno + 1 if body else 0


if __name__ == "__main__":
    sys.exit(main())
