"""What a channel answered, without what is secret about the channel."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, unquote_plus

from dict_rate_limit.domain.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dict_rate_limit.domain.notifications.channel import Channel

HIDDEN: Final = "***"
MAX_LENGTH: Final = 400

_MIN_PIECE: Final = 3
"""Shorter pieces of a URL stand in any text; hiding them would leave nothing to read, and they are no secrets."""

_SEPARATORS: Final = re.compile(r"[/:@?&=#,\s]+")


def redacted(text: str, channel: Channel, *, host_is_open: bool = False) -> str:
    """Return printable text on one line, cut, with every piece of the channel's URL and secrets hidden.

    Services put tokens anywhere in their URL, also where others have the host: `host_is_open` only where it is one.
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
    basic = base64.b64encode(unquote(userinfo).encode()).decode()  # as the header Authorization has it
    texts = [*parts, *secrets]
    return {piece for piece in (*texts, *_split(texts), basic) if len(piece) >= _MIN_PIECE}


def _split(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for piece in _SEPARATORS.split(text):
            yield from (piece, unquote(piece), unquote_plus(piece))
