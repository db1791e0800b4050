"""Values as they may be shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dict_rate_limit.settings.definition import Secrecy

if TYPE_CHECKING:
    from dict_rate_limit.settings.definition import Definition

HIDDEN: Final = "(hidden)"
_LONGEST: Final = 80
_USER: Final = re.compile(r"(?:[A-Za-z0-9+.-]*://)?[^:/@?]*", re.ASCII)
_PASSWORD_IN_QUERY: Final = re.compile(r"([?&][^=&]*password=)[^&]*", re.IGNORECASE)


def without_password(text: str) -> str:
    """Put *** in place of what stands between a user's name and the last @, and of passwords in a query."""
    text = _PASSWORD_IN_QUERY.sub(r"\1***", text)
    head, at, tail = text.rpartition("@")
    user = _USER.match(head)
    if not at or user is None or user.group() == head:
        return text
    return f"{user.group()}:***@{tail}"


def shown(definition: Definition, text: str) -> str:
    """Return a value that was accepted, as it may be shown."""
    return HIDDEN if definition.secrecy is Secrecy.WHOLLY else without_password(text)


def shown_refused(definition: Definition, text: str) -> str:
    """Return a value that was refused: where a secret might stand in it unrecognised, nothing of it."""
    return quoted(text) if definition.secrecy is Secrecy.OPEN else HIDDEN


def quoted(text: str) -> str:
    """Quote a text that may hold anything, cut to a readable length."""
    text = without_password(text)
    return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r} … ({len(text)} characters)"
