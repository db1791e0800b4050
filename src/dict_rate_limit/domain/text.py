"""Why somebody did something, in words that can be read later."""

from __future__ import annotations

from typing import Final

from dict_rate_limit.domain.errors import InvalidValueError

LONGEST: Final = 500


def require_reason(text: str) -> None:
    """Refuse an act without a reason.

    Raises:
        InvalidValueError: empty, too long, or with what cannot be printed.
    """
    if not text.strip() or len(text) > LONGEST or not text.isprintable():
        message = f"reason: {text[:60]!r}, expected 1 to {LONGEST} printable characters"
        raise InvalidValueError(message)
