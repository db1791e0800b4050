from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from cli_program import run_command
from dict_rate_limit.simulator.faults import Fault
from dict_rate_limit.simulator.scenario import SCENARIOS


def test_the_simulator_serves_until_a_signal() -> None:
    command = [sys.executable, "-m", "dict_rate_limit", "simulate", "--port", "0", "--scenario", "still"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as serving:  # noqa: S603 - a text of ours
        assert serving.stderr is not None
        line = serving.stderr.readline()
        address = line.partition(" on ")[2].partition(": ")[0]
        host, _, port = address.rpartition(":")
        socket.create_connection((host, int(port)), timeout=10).close()
        serving.send_signal(signal.SIGINT)
        _, err = serving.communicate(timeout=20)

    assert (serving.returncode, err) == (0, "")


def test_scenarios_and_faults_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "simulate", "--list")

    assert result.code == 0
    assert [line.split()[0] for line in result.out.splitlines()[: len(SCENARIOS)]] == list(SCENARIOS)
    assert all(fault in result.out for fault in Fault)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--scenario", "nope"], 78, "scenario: 'nope', expected one of "),
        (["--fault", "nope"], 78, "fault: 'nope', expected one of "),
        (["--speed", "0"], 78, "speed: 0, expected "),
        (["--participants", "1,2"], 64, "participants: '1,2', expected comma-separated ISPBs of 8"),
        (["--tls-key-file", "/k"], 64, "TLS needs both --tls-cert-file and --tls-key-file"),
        (["--tls-cert-file", "/none", "--tls-key-file", "/none", "--tls-client-ca-file", "/none"], 78, "/none"),
    ],
)
def test_invalid_options_are_rejected(
    options: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run_command(capsys, "simulate", "--port", "0", *options)

    assert result.code == code
    assert words in result.err
