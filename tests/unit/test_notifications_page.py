from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dict_rate_limit.adapters.notify import channels_file
from dict_rate_limit.adapters.notify.apprise_notifier import TIMEOUT_SEC
from dict_rate_limit.adapters.notify.channels_file import parse_channels
from dict_rate_limit.adapters.notify.webhook import REJECTION_STATUSES, signatures
from dict_rate_limit.domain.notifications.channel import Channel, ChannelType

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "notifications.md").read_text(encoding="utf-8")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 -- the page's example
BODY = b'{"type":"rate_limit.alert.opened"}'
AT = 1_614_265_330


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def channels() -> list[Channel]:
    return [channel for block in blocks("toml") for channel in parse_channels(block).channels]


@pytest.fixture
def verified() -> Any:  # noqa: ANN401 -- a function of the page
    (code,) = blocks("python")
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 -- the page's own example
    return names["verified"]


@pytest.mark.parametrize("block", blocks("toml"))
def test_every_example_is_parsed_without_a_problem(block: str) -> None:
    parsed = parse_channels(block)

    assert parsed.problems == ()
    assert parsed.channels


def test_the_page_shows_every_channel_type() -> None:
    assert {channel.format for channel in channels()} == set(ChannelType)


def test_the_table_of_keys_matches_the_parser() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE)

    assert rows == list(channels_file._KEYS)


def headers(signed: str) -> dict[str, str]:
    return {"webhook-id": "id", "webhook-timestamp": str(AT), "webhook-signature": signed}


def test_the_receiver_on_the_page_accepts_our_signature(verified: Any) -> None:  # noqa: ANN401
    signed = signatures(("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", SECRET), "id", AT, BODY)

    assert verified(headers(signed), BODY, SECRET, lambda: AT + 60)


@pytest.mark.parametrize(
    ("body", "later", "secret"),
    [
        (BODY + b" ", 0, SECRET),
        (BODY, 301, SECRET),
        (BODY, 0, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
    ],
)
def test_the_receiver_on_the_page_rejects_other_signatures(verified: Any, body: bytes, later: int, secret: str) -> None:  # noqa: ANN401
    signed = signatures((SECRET,), "id", AT, BODY)

    assert not verified(headers(signed), body, secret, lambda: AT + later)


def test_the_page_names_the_actual_limits() -> None:
    assert f"`not sent within {TIMEOUT_SEC:g} s`" in PAGE
    assert all(str(status) in PAGE for status in REJECTION_STATUSES)
