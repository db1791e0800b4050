from __future__ import annotations

import io
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cli_program import run_command
from dict_rate_limit import __main__ as program
from dict_rate_limit.apps.cli.exit_codes import MEANINGS, CommandError, Exit, code_of
from dict_rate_limit.apps.cli.program import COMMANDS, LazyCommand, run
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.apps.local.process import EmbeddedError
from dict_rate_limit.domain.errors import (
    CacheUnavailableError,
    DictRateLimitError,
    InvalidValueError,
    Outcome,
    SchemaError,
    SettingsError,
    SourceError,
    StoreUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT: Mapping[str, str] = {}
NEEDED = {
    "DATABASE_URL": "postgresql://127.0.0.1/x",
    "REDIS_ADDR": "127.0.0.1:1",
    "BRIDGE_GRPC_ADDRESS": "127.0.0.1:1",
    "TEMPORAL_HOST": "127.0.0.1:1",
}


def test_without_a_command_all_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys)

    assert result.code == 0
    assert all(f"  {name} " in result.out for name in COMMANDS)


def test_help_lists_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "--help")

    assert [line for line in result.out.splitlines() if line.strip().startswith("78 ")]
    assert set(MEANINGS) == set(Exit)
    assert max(len(line) for line in result.out.splitlines()) <= 80


def test_help_imports_no_command() -> None:
    script = (
        "import sys; from dict_rate_limit.apps.cli.program import run; run(['--help'], {});"
        "sys.exit(any(name in sys.modules for name in ('httpx', 'rich', 'grpc', 'psycopg', 'structlog')))"
    )

    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)  # noqa: S603 - a text of ours

    assert done.returncode == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_text(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, command, "--help")

    assert result.code == 0
    assert result.out.startswith(f"Usage: dict-rate-limit {command} ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["statu"],
        ["--nope"],
        ["status", "--nope"],
        ["tokens"],
        ["status", "--output", "xml"],
        ["health", "more"],
    ],
)
def test_a_usage_error_is_one_sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, *arguments)

    assert result.code == Exit.USAGE
    assert result.out == ""
    assert result.err.startswith("error: ")
    assert "Traceback" not in result.err


def test_a_misspelled_command_has_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "statsu")

    assert "'status'" in result.err


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "--version")

    assert result.code == 0
    assert result.out.startswith("dict-rate-limit ")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError(("a",)), Exit.CONFIG),
        (InvalidValueError("a"), Exit.USAGE),
        (StoreUnavailableError("a"), Exit.UNAVAILABLE),
        (CacheUnavailableError("a"), Exit.UNAVAILABLE),
        (SourceError(Outcome.UNAVAILABLE, "a"), Exit.UNAVAILABLE),
        (SourceError(Outcome.PERMISSION_DENIED, "a"), Exit.UNAVAILABLE),
        (SchemaError("a"), Exit.DATA),
        (EmbeddedError("a"), Exit.SYSTEM),
        (CommandError(Exit.PROTOCOL, "a"), Exit.PROTOCOL),
    ],
)
def test_every_error_of_the_tree_has_an_exit_code(error: DictRateLimitError, code: Exit) -> None:
    assert code_of(error) is code


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> Mapping[str, LazyCommand]:
    """Give a program whose command "fail" ends in this error."""

    def fail() -> None:
        raise error

    module = type(sys)("a_failing_command")
    vars(module)["fail"] = fail
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return {
        "fail": LazyCommand(summary="Fail.", module=module.__name__),
        "other": LazyCommand(summary="Rest.", module="none"),
    }


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (
            SettingsError(("PORT: 'x', expected a port", "HOST: ' '")),
            78,
            "error: PORT: 'x', expected a port\nerror: HOST: ' '\n",
        ),
        (
            PermissionError(13, "Permission denied", "/var/lib/x"),
            71,
            "error: [Errno 13] Permission denied: '/var/lib/x'\n",
        ),
        (
            ExceptionGroup("tasks", [OSError("a"), ExceptionGroup("more", [OSError("b"), OSError("a")])]),
            71,
            "error: a\nerror: b\n",
        ),
        (KeyboardInterrupt(), 130, ""),
        (SystemExit(1), 0, ""),
    ],
)
def test_an_error_has_a_message_and_an_exit_code(
    error: BaseException, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = failing(monkeypatch, error)

    ending = run(["fail"], ENVIRONMENT, sources)

    assert ending == code
    assert capsys.readouterr().err == words


def test_ctrl_c_while_a_command_is_loaded_ends_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_name: str) -> None:
        raise KeyboardInterrupt

    sources = failing(monkeypatch, KeyboardInterrupt())
    monkeypatch.setattr("dict_rate_limit.apps.cli.program.import_module", interrupted)

    ending = run(["fail"], ENVIRONMENT, sources)

    assert (ending, capsys.readouterr().err) == (130, "")


def test_streams_that_cannot_be_configured_are_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)

    run(["--version"], ENVIRONMENT)

    assert written.getvalue().startswith("dict-rate-limit ")


def test_an_internal_error_is_printed_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = failing(monkeypatch, RuntimeError("postgresql://me:hunter2@db/x"))

    ending = run(["fail"], ENVIRONMENT, sources)

    written = capsys.readouterr().err
    assert ending == Exit.SOFTWARE
    assert "RuntimeError: postgresql://me:***@db/x" in written
    assert "hunter2" not in written


LOG_OF_A_LIBRARY = """
import logging
from dict_rate_limit.apps.cli.program import run

run(["--version"], {})
logging.getLogger("library").warning("a hint")
logging.getLogger("library").error("postgresql://me:hunter2@db/x is broken")
"""


def test_stderr_has_no_warning_of_a_library_and_no_secret() -> None:
    done = subprocess.run(  # noqa: S603 - a text of ours
        [sys.executable, "-c", LOG_OF_A_LIBRARY], check=False, capture_output=True, text=True, env={}
    )

    assert (done.returncode, done.stderr) == (0, "error: library: postgresql://me:***@db/x is broken\n")


@pytest.mark.parametrize("arguments", [["--version"], ["config", "--output", "json"]])
def test_the_process_ends_with_the_code_and_loses_no_output(arguments: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 - a text of ours
        [sys.executable, "-m", "dict_rate_limit", *arguments], check=False, capture_output=True, text=True, env={}
    )

    assert done.returncode == 0
    assert done.stdout.endswith("\n")
    assert done.stderr == ""


def test_the_process_ends_with_the_code_of_an_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dict_rate_limit", "config"],
        check=False,
        capture_output=True,
        text=True,
        env={"PORT": "x"},
    )

    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr == "error: PORT: 'x', expected a port from 1 to 65535\n"


def test_an_older_python_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "OLDEST", (99, 0))

    with pytest.raises(SystemExit, match=r"needs Python 99\.0 or newer; this is 3\."):
        program.main()


@pytest.mark.parametrize(
    ("command", "variable"), [("api", "PORT"), ("api", "METRICS_PORT"), ("worker", "METRICS_PORT")]
)
def test_a_server_reports_its_used_port(command: str, variable: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = {"PORT": str(free_port()), "METRICS_PORT": str(free_port())}
        taken = {variable: str(other.getsockname()[1])}
        result = run_command(capsys, command, environ={**NEEDED, **ports, **taken})

    assert (result.code, result.out) == (Exit.SYSTEM, "")
    assert result.err.startswith(f"error: port {taken[variable]} on 127.0.0.1 is taken: ")
    assert f" set {variable} " in result.err


@pytest.mark.parametrize("command", ["api", "worker"])
def test_a_server_without_its_settings_does_not_start(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, command)

    assert result.code == Exit.CONFIG
    assert "error: DATABASE_URL: not set" in result.err
