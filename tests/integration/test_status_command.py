from __future__ import annotations

import json
import signal
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from api.stub import ApiStub, api_stub, listing, policy
from cli_program import run_command
from dict_rate_limit.apps.cli.client import ApiClient
from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.apps.cli.status import fetch_policies, watch_json, watch_table
from dict_rate_limit.apps.local.port import free_port
from processes import default_handler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dict_rate_limit.apps.cli.status import Fetch


@pytest.fixture
def api() -> Iterator[ApiStub]:
    with api_stub() as stub:
        yield stub


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("DICT_RATE_LIMIT_URL", raising=False)
    monkeypatch.delenv("DICT_RATE_LIMIT_TOKEN", raising=False)


def test_the_table_goes_to_stdout_and_nothing_to_stderr(api: ApiStub, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "status", "--url", api.url)

    assert (result.code, result.err) == (0, "")
    assert "CRITICAL KEYS_CHECK" in result.out
    assert "\x1b" not in result.out


def test_json_is_the_document_of_the_api(api: ApiStub, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "status", "--url", api.url, "--output", "json")

    assert result.out.encode() == api.body + b"\n"


def test_only_the_given_options_are_sent(api: ApiStub, capsys: pytest.CaptureFixture[str]) -> None:
    run_command(capsys, "status", "--url", api.url + "/")

    ((path, headers),) = api.requests
    assert path == "/api/v1/rate-limit/policies"
    assert "authorization" not in headers


def test_participant_and_token_are_sent(api: ApiStub, capsys: pytest.CaptureFixture[str]) -> None:
    run_command(capsys, "status", "--url", api.url, "--participant", "12345678", "--token", "secret")

    ((path, headers),) = api.requests
    assert path == "/api/v1/rate-limit/policies?participant=12345678"
    assert headers["authorization"] == "Bearer secret"


def test_the_token_can_come_from_a_file(api: ApiStub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "token"
    file.write_text("secret\n", encoding="utf-8")

    run_command(capsys, "status", "--url", api.url, "--token-file", str(file))

    assert api.requests[0][1]["authorization"] == "Bearer secret"


def test_url_and_token_can_come_from_the_environment(
    api: ApiStub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DICT_RATE_LIMIT_URL", api.url)
    monkeypatch.setenv("DICT_RATE_LIMIT_TOKEN", "secret")

    result = run_command(capsys, "status")

    assert result.code == 0
    assert api.requests[0][1]["authorization"] == "Bearer secret"


def test_loopback_requests_bypass_the_proxy(
    api: ApiStub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    assert run_command(capsys, "status", "--url", api.url).code == 0


def test_an_unreadable_token_file_is_rejected(api: ApiStub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "status", "--url", api.url, "--token-file", str(tmp_path / "none"))

    assert (result.code, api.requests) == (Exit.USAGE, [])
    assert "No such file or directory" in result.err


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_stale_response_is_printed_and_marked(output: str, api: ApiStub, capsys: pytest.CaptureFixture[str]) -> None:
    api.headers["X-Cache-Status"] = "STALE"
    api.body = listing(age_seconds=720)

    result = run_command(capsys, "status", "--url", api.url, "--output", output)

    assert result.code == 0
    assert "KEYS_CHECK" in result.out
    assert result.err == "STALE: the reading is 12 min old; no newer one is available\n"


@pytest.mark.parametrize(
    ("levels", "cache_status", "code"),
    [
        (["OK", "OK"], "HIT", Exit.OK),
        (["OK", "WARNING"], "HIT", Exit.WARNING),
        (["WARNING", "CRITICAL", "UNKNOWN"], "STALE", Exit.CRITICAL),
        (["OK", "UNKNOWN"], "HIT", Exit.UNKNOWN),
        (["OK"], "STALE", Exit.UNKNOWN),
        (["WARNING"], "STALE", Exit.WARNING),
    ],
)
def test_the_exit_code_is_the_worst_level_with_the_option(
    levels: list[str], cache_status: str, code: Exit, api: ApiStub, capsys: pytest.CaptureFixture[str]
) -> None:
    api.headers["X-Cache-Status"] = cache_status
    muted = policy("MUTED", 0, 10, "CRITICAL", enabled=False)
    api.body = listing(*(policy(f"P{number}", 5, 10, level) for number, level in enumerate(levels)), muted)

    asked = run_command(capsys, "status", "--url", api.url, "--exit-code")
    not_asked = run_command(capsys, "status", "--url", api.url)

    assert (asked.code, not_asked.code) == (code, 0)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Exit.USAGE),
        (401, Exit.NOT_ALLOWED),
        (403, Exit.NOT_ALLOWED),
        (503, Exit.UNAVAILABLE),
        (500, Exit.PROTOCOL),
        (302, Exit.PROTOCOL),
        (404, Exit.PROTOCOL),
        (299, Exit.PROTOCOL),
    ],
)
def test_a_rejection_prints_its_reason_and_sets_the_exit_code(
    status: int, code: Exit, api: ApiStub, capsys: pytest.CaptureFixture[str]
) -> None:
    api.status = status
    api.body = json.dumps({"type": "x", "title": "t", "detail": "make one with tokens create"}).encode()

    result = run_command(capsys, "status", "--url", api.url)

    assert (result.code, result.out) == (code, "")
    assert result.err == f"error: the API answers {status}: make one with tokens create\n"


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff", b"[]", b'{"policies": [{}]}', b'{"detail": 1}'])
def test_a_foreign_server_is_reported(body: bytes, api: ApiStub, capsys: pytest.CaptureFixture[str]) -> None:
    api.body = body

    result = run_command(capsys, "status", "--url", api.url)

    assert (result.code, result.out) == (Exit.PROTOCOL, "")
    assert "does not answer as the API does" in result.err


def test_a_rejection_without_a_reason_has_the_http_phrase(api: ApiStub, capsys: pytest.CaptureFixture[str]) -> None:
    api.status, api.body = 502, b"<html>"

    result = run_command(capsys, "status", "--url", api.url)

    assert result.err == "error: the API answers 502: Bad Gateway\n"


def test_a_refused_connection_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    result = run_command(capsys, "status", "--url", url)

    assert (result.code, result.out) == (Exit.UNAVAILABLE, "")
    assert result.err.startswith(f"error: no answer from {url}: ")


@pytest.mark.parametrize("url", ["nowhere", "ftp://a", "http://[", "http://a:b", "", "http://\x00", "http://a\x00"])
def test_an_invalid_url_is_rejected(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "status", "--url", url)

    assert result.code == Exit.USAGE
    assert "expected http://host:port" in result.err


def test_a_password_in_the_url_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "status", "--url", f"http://me:hunter2@127.0.0.1:{free_port()}")

    assert "hunter2" not in result.err


@pytest.mark.parametrize("token", ["two\nlines", "é", "a\x00b"])
def test_an_invalid_token_is_rejected_and_not_printed(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "status", "--token", token)

    assert result.code == Exit.USAGE
    assert token not in result.err


def looks(*steps: Callable[[], None]) -> Callable[[float], None]:
    """Give a pause that takes a step each time, then Ctrl-C."""
    remaining = list(steps)

    def sleep(_: float) -> None:
        if not remaining:
            raise KeyboardInterrupt
        remaining.pop(0)()

    return sleep


def test_watch_polls_until_ctrl_c(api: ApiStub, capsys: pytest.CaptureFixture[str]) -> None:
    def emptier() -> None:
        api.body = listing(policy("KEYS_CHECK", 1, 70, "CRITICAL"))

    api.body = listing(policy("KEYS_CHECK", 70, 70, "OK"))
    code = watch_table(partial(fetch_policies, ApiClient(url=api.url)), 5, looks(emptier))

    written = capsys.readouterr().out
    assert code == 0
    assert written.index("70 of 70") < written.index("1 of 70")


def test_watch_prints_one_json_document_per_line(api: ApiStub, capsys: pytest.CaptureFixture[str]) -> None:
    watch_json(partial(fetch_policies, ApiClient(url=api.url)), 5, looks(lambda: None))

    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["total"] for line in lines] == [9, 9]


@pytest.mark.parametrize("watch", [watch_json, watch_table])
def test_watch_survives_an_outage(
    watch: Callable[[Fetch, float, Callable[[float], None]], Exit],
    api: ApiStub,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fall() -> None:
        api.status = 503

    def rise() -> None:
        api.status = 200

    watch(partial(fetch_policies, ApiClient(url=api.url)), 5, looks(fall, rise))

    written = capsys.readouterr()
    assert written.err.count("the API answers 503") == 1
    assert written.out.count("INFRACTION_REPORTS_LIST_WITHOUT_ROLE") == 2


def test_watch_ends_when_the_token_is_rejected(api: ApiStub) -> None:
    api.status = 401

    with pytest.raises(CommandError, match="401"):
        watch_table(partial(fetch_policies, ApiClient(url=api.url)), 5, looks())


def test_watch_shows_the_last_table_below_the_error(
    api: ApiStub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fall() -> None:
        api.status = 503

    monkeypatch.setenv("FORCE_COLOR", "1")
    code = watch_table(partial(fetch_policies, ApiClient(url=api.url)), 5, looks(fall))

    last_screen = capsys.readouterr().out.rpartition("the API answers 503")[2]
    assert code == 0
    assert "the last answer follows" in last_screen
    assert "KEYS_CHECK" in last_screen


def test_watch_on_a_terminal_waits_for_the_first_response(
    api: ApiStub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api.status = 503
    monkeypatch.setenv("FORCE_COLOR", "1")

    watch_table(partial(fetch_policies, ApiClient(url=api.url)), 5, looks())

    written = capsys.readouterr().out
    assert "the API answers 503" in written
    assert "the last answer follows" not in written


def test_the_command_watches_until_ctrl_c(api: ApiStub) -> None:
    command = [sys.executable, "-m", "dict_rate_limit", "status", "--url", api.url, "--watch", "--output", "json"]
    with default_handler(signal.SIGINT):
        watching = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603 - ours
    with watching:
        assert watching.stdout is not None
        line = watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        _, err = watching.communicate(timeout=20)

    assert line == api.body + b"\n"
    assert (watching.returncode, err) == (0, b"")
