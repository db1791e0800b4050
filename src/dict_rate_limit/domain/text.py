"""Text that people write, and text that is shown to them: reasons, quotes, URLs without passwords."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from typing import Final

from dict_rate_limit.domain.errors import InvalidValueError

LONGEST: Final = 500

GLOB: Final = re.compile(r"[A-Za-z0-9_*?]{1,100}", re.ASCII)
"""A glob for policies, participants, kinds and severities."""

_LONGEST_QUOTE: Final = 80
_USER: Final = re.compile(r"(?:[A-Za-z0-9+.-]*://)?[^:/@?]*", re.ASCII)
_PASSWORD_IN_QUERY: Final = re.compile(r"([?&][^=&]*password=)[^&]*", re.IGNORECASE)


def require_reason(text: str) -> None:
    """Reject an operator action without a reason.

    Raises:
        InvalidValueError: empty, too long, or with what cannot be printed.
    """
    if not text.strip() or len(text) > LONGEST or not text.isprintable():
        message = f"reason: {text[:60]!r}, expected 1 to {LONGEST} printable characters"
        raise InvalidValueError(message)


def one_line(text: str | None, longest: int | None = None) -> str:
    """Return printable text on one line, without repeated spaces, cut to `longest` characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text or "").split())[:longest]


def require_every(members: Iterable[str], mapping: Container[str]) -> None:
    """Reject a mapping that misses a member of an enum, at import: a program without a text must not start.

    Raises:
        KeyError: with what is missing.
    """
    missing = [member for member in members if member not in mapping]
    if missing:
        raise KeyError(*missing)


def without_password(text: str) -> str:
    """Replace the password of a URL, and passwords in its query, with ***."""
    text = _PASSWORD_IN_QUERY.sub(r"\1***", text)
    # A password may contain an unescaped @, so everything up to the last one is hidden.
    head, at, tail = text.rpartition("@")
    user = _USER.match(head)
    if not at or user is None or user.group() == head:
        return text
    return f"{user.group()}:***@{tail}"


def quoted(text: str) -> str:
    """Quote untrusted text without passwords, cut to a readable length."""
    text = without_password(text)
    return repr(text) if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]!r} … ({len(text)} characters)"
