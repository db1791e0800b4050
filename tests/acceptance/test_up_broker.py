"""The whole product with a broker: events on the topic while `up` runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from jsonschema import Draft202012Validator

from broker.tokens import token
from broker.topic import new_topic
from dict_rate_limit.apps.local.port import free_port
from processes import have_ended, processes_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from broker.server import Broker

pytestmark = pytest.mark.slow

PATIENCE_SEC = 90
SCHEMA = Path(__file__).parents[2] / "docs/events/core-event.schema.json"
PRODUCT = [sys.executable, "-m", "dict_rate_limit"]


@contextmanager
def up(folder: Path, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "up.txt").open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 -- our own command
            [*PRODUCT, "up", "--data", str(folder / "data")],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environ,
        )
    with process:
        try:
            yield process
        finally:
            process.kill()
            assert have_ended(processes_in(folder), within_sec=10)


def test_alerts_of_the_simulated_participant_reach_the_topic(pulsar_broker: Broker, data_folder: Path) -> None:
    port = free_port()
    environ = {
        **os.environ,  # noqa: TID251 -- coverage hands its own variables down
        "PORT": str(free_port()),
        "METRICS_PORT": str(port),
        "PULSAR_BROKER_URL": pulsar_broker.tls_url,
        "PULSAR_TOPIC": new_topic(),
        "PULSAR_TOKEN": token(),
        "PULSAR_TLS_CA_FILE": str(pulsar_broker.authority),
        "WORKFLOW_CRON_SCHEDULE": "@every 20s",
    }
    tail = [*PRODUCT, "events", "tail", "--from", "earliest", "--output", "json", "--count", "1"]
    with up(data_folder, environ) as running:
        read = subprocess.run(  # noqa: S603 -- our own command
            [*tail, "--seconds", str(PATIENCE_SEC)], capture_output=True, text=True, env=environ, check=False
        )
        ready = httpx.get(f"http://127.0.0.1:{port}/ready").json()
        running.send_signal(signal.SIGINT)
        code = running.wait(PATIENCE_SEC)

    assert read.returncode == 0, read.stderr + (data_folder / "up.txt").read_text()
    (document,) = (json.loads(line) for line in read.stdout.splitlines())
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    assert document["data"]["transition"] == "OPENED"
    assert (ready["pulsar"], code) == ("ok", 0)
