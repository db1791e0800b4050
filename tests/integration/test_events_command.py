"""`dict-rate-limit events tail` on a real broker."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pulsar
import pytest

from broker.proxy import proxy_to
from broker.publishers import ids, publishing_to, receipts_of
from broker.server import FOREIGN
from broker.tokens import token
from broker.topic import SILENT, new_topic
from cli_program import run_command
from dict_rate_limit.adapters.pulsar.connection import BrokerAddress
from samples.events import CLAIMS, KEYS, interleaved, transitions_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from broker.server import Broker
    from dict_rate_limit.domain.alerts.alert import AlertEvent

OLDEST = ("--from", "earliest", "--seconds", "60", "--count")


@pytest.fixture
def topic() -> str:
    return new_topic()


@pytest.fixture
def environ(pulsar_broker: Broker, topic: str) -> dict[str, str]:
    return {"PULSAR_BROKER_URL": pulsar_broker.url, "PULSAR_TOPIC": topic}


def publish(environ: dict[str, str], events: Sequence[AlertEvent]) -> None:
    async def published() -> None:
        address = BrokerAddress(url=environ["PULSAR_BROKER_URL"], topic=environ["PULSAR_TOPIC"])
        async with publishing_to(address) as publisher:
            await receipts_of(publisher, events)

    asyncio.run(published())


def send(environ: dict[str, str], *messages: tuple[bytes, str]) -> None:
    """Send what others might: content and action."""
    client = pulsar.Client(environ["PULSAR_BROKER_URL"], logger=SILENT)
    producer = client.create_producer(environ["PULSAR_TOPIC"])
    for content, action in messages:
        producer.send(content, properties={"action": action})
    client.close()


def test_an_event_is_one_readable_line(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    (event,) = transitions_of(CLAIMS, 1)
    publish(environ, [event])

    result = run_command(capsys, "events", "tail", *OLDEST, "1", environ=environ)

    (line,) = result.out.splitlines()
    assert line.split()[:5] == ["2026-11-23T12:00:00Z", "WARNING", "12345678", CLAIMS, "OPENED"]
    assert line.endswith(f"  {event.message}")
    assert (result.code, result.err) == (0, f"reading {environ['PULSAR_BROKER_URL']} {environ['PULSAR_TOPIC']}\n")


def test_the_line_can_be_english(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    (event,) = transitions_of(CLAIMS, 1)
    publish(environ, [event])

    result = run_command(capsys, "events", "tail", *OLDEST, "1", "--language", "en", environ=environ)

    assert result.out.endswith(f"  {event.message_en}\n")


def test_with_json_an_event_is_its_document(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    events = interleaved(transitions_of(CLAIMS, 3), transitions_of(KEYS, 3))
    publish(environ, events)

    result = run_command(capsys, "events", "tail", *OLDEST, "6", "--output", "json", environ=environ)

    documents = [json.loads(line) for line in result.out.splitlines()]
    assert {one["metadata"]["event_id"] for one in documents} == set(ids(events))


def test_the_command_ends_after_the_count(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    publish(environ, transitions_of(CLAIMS, 5))

    result = run_command(capsys, "events", "tail", *OLDEST, "2", environ=environ)

    assert (result.code, len(result.out.splitlines())) == (0, 2)


def test_too_few_events_in_time_are_reported(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    publish(environ, transitions_of(CLAIMS, 1))

    result = run_command(capsys, "events", "tail", *OLDEST, "2", "--seconds", "3", environ=environ)

    assert (result.code, len(result.out.splitlines())) == (69, 1)
    assert result.err.endswith("error: only 1 of 2 events arrived within 3 s\n")


def test_foreign_messages_are_ignored(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    send(environ, (b"{}", "ActionKeyCreated"), (b"\xff", ""))
    publish(environ, transitions_of(CLAIMS, 1))

    result = run_command(capsys, "events", "tail", *OLDEST, "1", environ=environ)

    assert len(result.out.splitlines()) == 1
    assert "left out" not in result.err


@pytest.mark.parametrize("content", [b"no json", b"[]", b"{}", b'{"data": 1}', b"\xff"])
def test_invalid_events_are_ignored_with_a_warning(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    send(environ, (content, "ActionRateLimitAlert"))
    publish(environ, transitions_of(CLAIMS, 1))

    result = run_command(capsys, "events", "tail", *OLDEST, "1", environ=environ)

    assert len(result.out.splitlines()) == 1
    assert "skipped: a message with our action and without a valid event\n" in result.err


def test_no_event_can_control_the_terminal(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    publish(environ, [replace(transitions_of(CLAIMS, 1)[0], message="\x1b[2J\nall clear", participant="\x07")])

    result = run_command(capsys, "events", "tail", *OLDEST, "1", environ=environ)

    assert result.out.endswith("?[2J?all clear\n")
    assert "\x1b" not in result.out + result.err
    assert "\x07" not in result.out


def test_the_command_leaves_no_subscription(
    pulsar_broker: Broker, topic: str, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    publish(environ, transitions_of(CLAIMS, 5))

    run_command(capsys, "events", "tail", *OLDEST, "2", environ=environ)

    assert pulsar_broker.stats(topic)["subscriptions"] == {}


def test_tls_and_a_token_are_used(
    pulsar_broker: Broker, topic: str, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    publish(environ, transitions_of(CLAIMS, 1))
    secured = {
        "PULSAR_BROKER_URL": pulsar_broker.tls_url,
        "PULSAR_TOPIC": topic,
        "PULSAR_TOKEN": token(),
        "PULSAR_TLS_CA_FILE": str(pulsar_broker.authority),
    }

    result = run_command(capsys, "events", "tail", *OLDEST, "1", environ=secured)

    assert (result.code, len(result.out.splitlines())) == (0, 1)


def test_a_forbidden_topic_is_a_one_line_error(pulsar_broker: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    secret = token()
    environ = {"PULSAR_BROKER_URL": pulsar_broker.url, "PULSAR_TOPIC": new_topic(FOREIGN), "PULSAR_TOKEN": secret}

    result = run_command(capsys, "events", "tail", environ=environ)

    assert (result.code, result.out) == (69, "")
    assert result.err == (
        f"error: {pulsar_broker.url} {environ['PULSAR_TOPIC']}: "
        "our token's role may not do that there (AuthorizationError)\n"
    )
    assert secret not in result.err


def test_an_unavailable_broker_is_a_one_line_error(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "events", "tail", environ={"PULSAR_BROKER_URL": "pulsar://127.0.0.1:1"})

    assert (result.code, result.out) == (69, "")
    assert result.err == "error: pulsar://127.0.0.1:1 persistent://lb-conn/dict/core-events: Connection refused\n"


def test_a_missing_broker_setting_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "events", "tail")

    assert result.code == 78
    assert result.err.startswith("error: PULSAR_BROKER_URL: not set")


@asynccontextmanager
async def tailing(environ: dict[str, str], *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run it as a program; entered when it reads."""
    command = (sys.executable, "-m", "dict_rate_limit", "events", "tail", *options)
    variables = {**os.environ, **environ}  # noqa: TID251 -- coverage measures the program by variables of its own
    process = await asyncio.create_subprocess_exec(*command, env=variables, stdout=PIPE, stderr=PIPE)
    assert process.stderr is not None
    try:
        assert (await process.stderr.readline()).startswith(b"reading ")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_by_default_only_new_events_are_printed(pulsar_broker: Broker, topic: str) -> None:
    environ = {"PULSAR_BROKER_URL": pulsar_broker.url, "PULSAR_TOPIC": topic}
    before, later = transitions_of(CLAIMS, 2)
    async with publishing_to(BrokerAddress(url=pulsar_broker.url, topic=topic)) as publisher:
        await receipts_of(publisher, [before])
        async with tailing(environ, "--output", "json", "--count", "1") as process:
            await receipts_of(publisher, [later])

            out, _ = await process.communicate()

    assert json.loads(out)["metadata"]["event_id"] == str(later.event_id)
    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_ends_on_a_signal(environ: dict[str, str], number: signal.Signals) -> None:
    async with tailing(environ) as process:
        process.send_signal(number)

        out, err = await process.communicate()

    assert (process.returncode, out, err) == (130, b"", b"")


async def test_an_outage_is_reported_and_survived(pulsar_broker: Broker, topic: str) -> None:
    (event,) = transitions_of(CLAIMS, 1)
    async with proxy_to(pulsar_broker) as proxy:
        environ = {"PULSAR_BROKER_URL": proxy.url, "PULSAR_TOPIC": topic}
        async with tailing(environ, "--output", "json", "--count", "1") as process:
            assert process.stderr is not None
            proxy.cut()
            away = await process.stderr.readline()
            await proxy.open()
            back = await process.stderr.readline()
            async with publishing_to(BrokerAddress(url=pulsar_broker.url, topic=topic)) as publisher:
                await receipts_of(publisher, [event])

            out, _ = await process.communicate()

    assert (away, back) == (b"the broker is unavailable; waiting\n", b"the broker is available again\n")
    assert json.loads(out)["metadata"]["event_id"] == str(event.event_id)
