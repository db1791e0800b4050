from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from cli_program import run_command
from dict_rate_limit.domain.recovery import SEQUENCE_GAP
from postgres_database import execute, values
from samples.recovery import fill

PAGE = (Path(__file__).parents[2] / "docs" / "disaster-recovery.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    {line.partition("#")[0].strip() for line in re.findall(r"(?m)^dict-rate-limit .+$", PAGE)}
    | set(re.findall(r"`(dict-rate-limit [^`]+)`", PAGE))
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_on_the_page_exists(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, *words = shlex.split(command)

    result = run_command(capsys, *words, "--help")

    options = [word for word in words if word.startswith("--")]
    assert result.code == 0, result.err
    assert not [option for option in options if option not in result.out]


def test_the_statement_for_point_in_time_recovery_equals_a_restore(migrated_database_url: str) -> None:
    (statement,) = re.findall(r"(?s)```sql\n(.+?)```", PAGE)
    fill(migrated_database_url)
    before = "SELECT sequence FROM dict_rate_limit_alerts ORDER BY alert_id"
    sequences = values(migrated_database_url, before)

    execute(migrated_database_url, statement)

    assert values(migrated_database_url, before) == [1 + SEQUENCE_GAP for _ in sequences]
