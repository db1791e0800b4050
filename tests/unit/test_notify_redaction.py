from __future__ import annotations

import pytest

from dict_rate_limit.adapters.notify.redaction import MAX_LENGTH, redacted
from dict_rate_limit.domain.notifications.channel import Channel, ChannelType

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 -- an example


def channel(url: str, *secrets: str) -> Channel:
    return Channel(name="ops", format=ChannelType.TEXT, url=url, secrets=secrets)


@pytest.mark.parametrize(
    ("url", "said", "text"),
    [
        ("slack://T0AAAA/B0BBBB/cccccc/#ops-alerts", "invalid token T0AAAA for cccccc", "invalid token *** for ***"),
        ("slack://T0AAAA/B0BBBB", "slack://t0aaaa/b0bbbb refused", "slack://*** refused"),
        ("tgram://123456:AAHdqTcvCH1/chat", "url: /bot123456:AAHdqTcvCH1/sendMessage", "url: /bot***:***/sendMessage"),
        ("mailto://ana:p%40ss%20word@mail.example", "login of ana with p@ss word", "login of *** with ***"),
        ("json://host.example/?key=to+ken", "the key to ken or to+ken", "the *** *** or ***"),
    ],
)
def test_every_part_of_a_url_is_hidden(url: str, said: str, text: str) -> None:
    assert redacted(said, channel(url)) == text


def test_the_host_of_a_webhook_is_displayed() -> None:
    one = channel("https://user:passw0rd@siem.example:8443/hooks/t0ken?key=v4lue", SECRET)

    text = redacted(
        f"siem.example:8443 /hooks/t0ken v4lue passw0rd user {SECRET} MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        one,
        host_is_open=True,
    )

    assert text == "siem.example:8443 /***/*** *** *** *** *** ***"


def test_short_parts_are_displayed() -> None:
    assert redacted("it is down", channel("json://it/is")) == "it is down"


def test_the_text_becomes_one_printable_line() -> None:
    assert redacted("a\r\n\x1b[31m  b", channel("json://host")) == "a [31m b"


def test_a_long_text_is_truncated() -> None:
    text = redacted("x" * 10_000, channel("json://host"))

    assert len(text) == MAX_LENGTH
    assert text.endswith("…")
