from __future__ import annotations

import pytest

from api.stub import api_stub
from cli_program import run_command
from dict_rate_limit.apps.local.port import free_port


def test_a_server_with_status_200_is_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    with api_stub() as stub:
        result = run_command(capsys, "health", "--url", f"{stub.url}/health")

    assert (result.code, result.out, result.err) == (0, "", "")
    assert stub.requests[0][0] == "/health"


def test_the_path_is_optional(capsys: pytest.CaptureFixture[str]) -> None:
    with api_stub() as stub:
        run_command(capsys, "health", "--url", stub.url)

    assert stub.requests[0][0] == "/health"


def test_a_server_with_another_status_is_unhealthy(capsys: pytest.CaptureFixture[str]) -> None:
    with api_stub() as stub:
        stub.status = 503
        result = run_command(capsys, "health", "--url", f"{stub.url}/health")

    assert (result.code, result.err) == (1, f"error: {stub.url}/health answers 503\n")


def test_a_missing_server_is_unhealthy(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "health", "--url", f"http://127.0.0.1:{free_port()}/health")

    assert result.code == 1
    assert result.err.startswith("error: no answer from http://127.0.0.1:")


@pytest.mark.parametrize("url", ["nowhere", "ftp://a/health", "http://[", "http://a:b/", "https://127.0.0.1:1/health"])
def test_an_invalid_url_is_unhealthy(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "health", "--url", url)

    assert result.code == 1
    assert result.err.startswith(f"error: no answer from {url}: ")
