"""Which publisher the settings make, what it says of itself, and who carries the library."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from broker.publishers import ids, receipts_of
from broker.tokens import token
from broker.topic import arrived, new_topic
from dict_rate_limit.bootstrap.container import open_container
from dict_rate_limit.bootstrap.publisher import open_publisher
from dict_rate_limit.bootstrap.telemetry import Telemetry
from dict_rate_limit.domain.errors import PublishError
from dict_rate_limit.settings import load
from samples.events import CLAIMS, transitions_of

if TYPE_CHECKING:
    from pathlib import Path

    from broker.server import Broker
    from dict_rate_limit.settings import Settings


def settings(**variables: str) -> Settings:
    away = {
        "DATABASE_URL": "postgresql://127.0.0.1:1/x",
        "REDIS_ADDR": "127.0.0.1:1",
        "BRIDGE_GRPC_ADDRESS": "127.0.0.1:1",
    }
    return load(away | variables)


async def test_without_a_broker_transitions_are_logged_and_marked_published() -> None:
    stream, configured = io.StringIO(), settings()

    async with open_container(configured, Telemetry()) as container, open_publisher(container, stream) as where:
        await receipts_of(where.publisher, transitions_of(CLAIMS, 1))

        assert (where.publisher.destination, await where.check()) == ("log", "log only")
    event = json.loads(stream.getvalue())["core_event"]
    assert event["data"]["policy_name"] == CLAIMS
    assert event["metadata"]["version"] == version("dict-rate-limit")


async def test_with_a_broker_transitions_are_published_to_it(pulsar_broker: Broker, tmp_path: Path) -> None:
    story, topic, file = transitions_of(CLAIMS, 2), new_topic(), tmp_path / "token"
    file.write_text(token())
    configured = settings(
        PULSAR_BROKER_URL=pulsar_broker.tls_url,
        PULSAR_TOPIC=topic,
        PULSAR_TOKEN_FILE=str(file),
        PULSAR_TLS_CA_FILE=str(pulsar_broker.authority),
        PULSAR_COMPRESSION="zstd",
        PULSAR_BATCHING="false",
    )

    async with open_container(configured, Telemetry()) as container, open_publisher(container) as where:
        before = await where.check()
        await receipts_of(where.publisher, story)

        assert (before, await where.check()) == ("not used yet", "ok")
        assert where.publisher.destination == f"{pulsar_broker.tls_url} {topic}"
    messages = arrived(pulsar_broker, topic)
    assert [message.event_id for message in messages] == ids(story)
    assert len({message.batch for message in messages}) == 2, "batching was on"
    assert messages[0].document["metadata"]["version"] == container.version


async def test_an_unavailable_broker_is_retried() -> None:
    configured = settings(PULSAR_BROKER_URL="pulsar://127.0.0.1:1")

    async with open_container(configured, Telemetry()) as container, open_publisher(container) as where:
        with pytest.raises(PublishError):
            await receipts_of(where.publisher, transitions_of(CLAIMS, 1))

        assert await where.check() == "waiting"


@pytest.mark.parametrize("module", ["apps.api.program", "apps.worker", "apps.cli.events"])
def test_without_a_broker_the_library_is_not_imported(module: str) -> None:
    script = f"import sys, dict_rate_limit.{module}; sys.exit('pulsar' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)  # noqa: S603 - a text of ours

    assert done.returncode == 0, done.stderr
