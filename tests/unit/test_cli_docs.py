from __future__ import annotations

from pathlib import Path

from dict_rate_limit.apps.cli.config import reference
from dict_rate_limit.apps.cli.exit_codes import MEANINGS
from dict_rate_limit.apps.cli.program import COMMANDS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_of_settings_is_up_to_date() -> None:
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")

    written = page.partition("a test compares. -->\n\n")[2]

    assert written == reference()


def test_the_page_lists_every_exit_code() -> None:
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")

    rows = [f"| {code} | {meaning} |" for code, meaning in MEANINGS.items()]

    assert "\n".join(rows) in page


def test_the_page_lists_every_command() -> None:
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")

    missing = [name for name in COMMANDS if f"| `{name}` |" not in page]

    assert not missing
