from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.tokens import token
from dict_rate_limit.adapters.pulsar import diagnosis
from dict_rate_limit.adapters.pulsar.connection import BrokerAddress
from dict_rate_limit.adapters.pulsar.diagnosis import describe_result, expiry, explain_failure
from samples.domain import NOON

DOCS = Path(__file__).parents[2] / "docs"
TOPIC = "persistent://lb-conn/dict/core-events"


def test_the_destination_has_no_credentials() -> None:
    address = BrokerAddress(url="pulsar+ssl://user:hunter2@b1:6651,b2", topic=TOPIC, token="hunter2")  # noqa: S106

    assert str(address) == f"pulsar+ssl://b1:6651,b2 {TOPIC}"
    assert "hunter2" not in repr(address)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("pulsar://broker:6650", [("broker", 6650)]),
        ("pulsar://broker", [("broker", 6650)]),
        ("pulsar+ssl://broker", [("broker", 6651)]),
        ("pulsar://b1:1,b2:2,b3", [("b1", 1), ("b2", 2), ("b3", 6650)]),
        ("pulsar://[::1]:6650", [("::1", 6650)]),
    ],
)
def test_each_broker_of_an_address_is_found(url: str, expected: list[tuple[str, int]]) -> None:
    assert BrokerAddress(url=url, topic=TOPIC).brokers == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [("fresh\n", "fresh"), ("\n", "read at start"), (None, "read at start"), (b"\xff", "read at start")],
)
def test_a_token_is_the_current_content_of_its_file(content: str | bytes | None, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    address = BrokerAddress(url="pulsar://b", topic=TOPIC, token="read at start", token_file=file)  # noqa: S106

    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    assert address.current_token() == expected


def test_the_expiry_of_a_token_is_read_from_it() -> None:
    ends = expiry(token(lasts_sec=60))

    assert ends is not None
    assert timedelta(0) < ends - datetime.now(UTC) <= timedelta(seconds=60)  # noqa: TID251 -- as the token does


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a.e30.c", "a.bnVsbA.c", "a.eyJleHAiOiJuZXZlciJ9.c"])
def test_a_token_without_an_expiry_has_none(text: str) -> None:
    assert expiry(text) is None


def test_an_expired_token_is_the_reported_cause() -> None:
    address = BrokerAddress(url="pulsar://b", topic=TOPIC, token=token(lasts_sec=-1))

    words = explain_failure(address, "Timeout", datetime.now(UTC))  # noqa: TID251 -- as above

    assert words.startswith("our token expired at 20")


def test_ambiguous_causes_are_not_guessed() -> None:
    words = explain_failure(BrokerAddress(url="pulsar://b", topic=TOPIC), "Timeout", NOON)

    assert (
        words == "a server answers but does not accept the connection: check the token, and TLS on both sides (Timeout)"
    )


def test_results_are_described_beside_their_name() -> None:
    assert describe_result("TopicNotFound").endswith("it makes none by itself (TopicNotFound)")
    assert describe_result("ChecksumError") == "ChecksumError"


def test_the_runbook_explains_every_cause() -> None:
    page = (DOCS / "runbooks/pulsar-down.en.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    explained = [words.removesuffix(" …").removesuffix("…") for row in rows for words in re.findall(r"`([^`]+)`", row)]

    source = Path(diagnosis.__file__).read_text(encoding="utf-8")
    unknown = [words for words in explained if words.replace("2 s", "{TIMEOUT_SEC:g} s") not in source]

    assert len(explained) >= 9
    assert unknown == ["Connection refused"]  # the system's own words
