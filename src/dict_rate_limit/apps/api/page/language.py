"""Which language a reader gets."""

from __future__ import annotations

import re
from typing import Final

from dict_rate_limit.apps.api.page.words import Language

_BY_TAG: Final = {"pt": Language.PT, "en": Language.EN}
_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", re.ASCII)
_READ: Final = 1_000


def choose_language(asked: str | None, accept_language: str | None) -> Language:
    """Choose by `?lang=`, then by the Accept-Language header, else Portuguese; what cannot be read is skipped."""
    if asked is not None and asked[:2].lower() in _BY_TAG:
        return _BY_TAG[asked[:2].lower()]
    wanted: dict[Language, float] = {}
    for item in (accept_language or "")[:_READ].split(","):
        match = _RANGE.fullmatch(item)
        language = _BY_TAG.get(match[1].lower()) if match else None
        if match and language:
            wanted[language] = max(wanted.get(language, 0), float(match[2] or 1))
    best = max(wanted, key=lambda language: wanted[language], default=Language.PT)
    return best if wanted.get(best) else Language.PT
