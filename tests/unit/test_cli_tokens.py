from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cli_program import run_command
from dict_rate_limit.domain.access import Role, digest_of, parse_expiry, parse_tokens

if TYPE_CHECKING:
    from cli_program import CommandResult


def secret_of(result: CommandResult) -> str:
    return result.err.splitlines()[-1]


def test_the_line_goes_to_stdout_and_the_token_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(
        capsys, "tokens", "create", "--name", "grafana", "--role", "operator", "--expires", "2027-01-31"
    )

    tokens, problems = parse_tokens(result.out)
    token = tokens[digest_of(secret_of(result))]
    assert (result.code, problems) == (0, ())
    assert (token.name, token.role, token.expires) == ("grafana", Role.OPERATOR, parse_expiry("2027-01-31"))
    assert secret_of(result) not in result.out


def test_a_token_is_a_viewer_without_expiry_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "tokens", "create", "--name", "grafana")

    (token,) = parse_tokens(result.out)[0].values()
    assert (token.role, token.expires) == (Role.VIEWER, None)


def test_json_has_line_and_token(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "tokens", "create", "--name", "deploy", "--output", "json")

    made = json.loads(result.out)
    assert list(parse_tokens(made["line"])[0]) == [digest_of(made["token"])]
    assert result.err == ""


def test_every_token_is_different(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (run_command(capsys, "tokens", "create", "--name", "a") for _ in range(2))

    assert secret_of(first) != secret_of(second)


@pytest.mark.parametrize(
    "options",
    [["--name", "two words"], ["--name", "a", "--role", "admin"], ["--name", "a", "--expires", "soon"], []],
)
def test_invalid_options_are_rejected(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "tokens", "create", *options)

    assert (result.code, result.out) == (64, "")
    assert result.err.startswith("error: ")
