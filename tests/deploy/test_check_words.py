"""scripts/words finds private idiom in prose, and nowhere else."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tool_box import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


def found(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, str(REPOSITORY / "scripts/words"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if done.stderr else 0)
    return done.stderr.replace(f"{file.parent}/", "")


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("page.md", "# Title\n\nThe channel is told.\n", 3),
        ("page.md", "An event was given\nup on.\n", 1),
        ("module.py", '"""Keep it.\n\nIt is kept in a row.\n"""\n', 3),
        ("module.py", 'HELP = "Tell every channel"\n', 1),
        ("module.py", "ONE = 1\n\n# stored for\n# nobody\nTWO = 2\n", 4),
        ("test_module.py", "def test_nobody_is_notified() -> None: ...\n", 1),
        ("values.yaml", "a: 1\n# whoever runs it\nb: 2\n", 2),
        ("service.proto", "// nobody sends it\n", 1),
    ],
)
def test_idiom_in_prose_is_found_with_its_line(tmp_path: Path, name: str, text: str, line: int) -> None:
    assert found(tmp_path / name, text).startswith(f"{name}:{line}: ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.md", "```\nkept  done\n```\n\nThe column `told` and [a page](kept.md).\n"),
        ("module.py", 'told = kept("nobody")\n\n\ndef tell() -> None:\n    """Return `kept`."""\n'),
        ("values.yaml", "kept: told\n"),
        ("page.md", "A dry run. The reader understands it by hand.\n"),
    ],
)
def test_code_and_other_words_pass(tmp_path: Path, name: str, text: str) -> None:
    assert found(tmp_path / name, text) == ""


def test_the_message_names_the_usual_term(tmp_path: Path) -> None:
    assert found(tmp_path / "page.md", "It is judged.\n") == "page.md:1: 'judged': say evaluate, evaluation\n"


def test_the_report_is_per_thousand_words(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("It is judged by a rule of ten words.\n", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "scripts/words"), "--report", str(page)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "1 in 9 words of 1 documents: 111.11 per thousand\n"
