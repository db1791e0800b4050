from __future__ import annotations

from typing import TYPE_CHECKING

from cli_program import run_command

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

GOOD = """
[channels.ops]
url = "json://127.0.0.1/t0ken"
language = "en"
severity = "WARNING"
policies = ["CLAIMS_*", "KEYS_CHECK"]

[channels.siem]
format = "webhook"
url = "https://siem.example/hooks"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
"""
BAD = """
[channels.a]
url = "json://127.0.0.1/t0ken"
language = "de"

[channels.b]
url = "nowhere://t0ken"
"""


def test_valid_channels_are_listed_with_routes_and_without_urls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "channels.toml"
    path.write_text(GOOD)

    result = run_command(capsys, "channels", "check", environ={"NOTIFY_URLS_FILE": str(path)})

    assert result.out.splitlines() == [
        "ops  text  en  from WARNING  policies CLAIMS_*, KEYS_CHECK",
        "siem  webhook  pt  from INFO",
    ]
    assert (result.code, "t0ken" in result.err) == (0, False)
    assert result.err.startswith("2 channels, no problem")


def test_every_problem_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "channels.toml"
    path.write_text(BAD)

    result = run_command(capsys, "channels", "check", "--file", str(path))

    assert (result.code, result.out) == (65, "")
    assert "channels.a: language: 'de'" in result.err
    assert "channels.b: url: (hidden)" in result.err
    assert "t0ken" not in result.err


def test_a_missing_file_is_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "channels", "check", "--file", str(tmp_path / "nowhere"))

    assert (result.code, result.err) == (65, "error: cannot be read: No such file or directory\n")


def test_a_file_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "channels", "check")

    assert (result.code, result.err) == (64, "error: file: not given, expected --file or NOTIFY_URLS_FILE\n")
