from __future__ import annotations

import io
from typing import Any

import msgspec
from rich.console import Console

from dict_rate_limit.apps.cli.explain import explain_view
from dict_rate_limit.contract.explain import EXPLANATION, Explanation

ALERT: dict[str, Any] = EXPLANATION["alerts"][0]


def shown(document: dict[str, Any], width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False, emoji=False)
    console.print(explain_view(msgspec.convert(document, type=Explanation)))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_example_of_the_api_fits_80_columns() -> None:
    lines = shown(EXPLANATION)

    assert max(len(line) for line in lines) <= 80
    assert "notified      ops-slack: ACKNOWLEDGED DELIVERED 2026-11-23T12:00:16Z 200" in lines


def test_an_alert_without_reminders_has_a_note() -> None:
    lines = shown(EXPLANATION | {"alerts": [ALERT | {"next_reminder_at": None}]})

    assert "reminder      none" in lines


def test_foreign_text_cannot_control_the_terminal() -> None:
    taken = ALERT["acknowledgement"] | {"reason": "\x1b[2J[red]"}

    lines = shown(EXPLANATION | {"alerts": [ALERT | {"acknowledgement": taken}]})

    assert "acknowledged  ana until 2026-11-23T14:00:05Z: ?[2J[red]" in lines
