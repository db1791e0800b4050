"""Redaction of a channel's secrets in answers and errors."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote, unquote_plus

from dict_rate_limit.domain.notifications.channel import Channel
from dict_rate_limit.domain.text import one_line

HIDDEN: Final = "***"
MAX_LENGTH: Final = 400

# Shorter pieces of a URL occur in any text and are not secret. Hiding them would make the text unreadable.
_MIN_PIECE: Final = 3

_SEPARATORS: Final = re.compile(r"[/:@?&=#,\s]+")


def redacted(text: str, channel: Channel, *, host_is_open: bool = False) -> str:
    """Return printable text on one line, truncated, with every piece of the channel's URL and secrets hidden.

    Some services have a token in the place of the host. Set `host_is_open` only where the URL has a real host.
    """
    for piece in sorted(_pieces(channel, host_is_open=host_is_open), key=len, reverse=True):
        text = re.sub(re.escape(piece), HIDDEN, text, flags=re.IGNORECASE)
    line = one_line(text)
    return line if len(line) <= MAX_LENGTH else f"{line[: MAX_LENGTH - 1]}…"


def _pieces(channel: Channel, *, host_is_open: bool) -> set[str]:
    rest = channel.url.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    userinfo = authority.rpartition("@")[0]
    parts = [userinfo, rest[len(authority) :]] if host_is_open else [rest]
    secrets = [*channel.secrets, *(secret.removeprefix("whsec_") for secret in channel.secrets)]
    # The form of the credentials in the Authorization header.
    basic = base64.b64encode(unquote(userinfo).encode()).decode()
    texts = [*parts, *secrets]
    return {piece for piece in (*texts, *_split(texts), basic) if len(piece) >= _MIN_PIECE}


def _split(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for piece in _SEPARATORS.split(text):
            yield from (piece, unquote(piece), unquote_plus(piece))
