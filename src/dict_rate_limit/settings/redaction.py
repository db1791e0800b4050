"""Values as they may be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.text import quoted, without_password
from dict_rate_limit.settings.definition import Secrecy

if TYPE_CHECKING:
    from dict_rate_limit.settings.definition import Definition

HIDDEN: Final = "(hidden)"


def shown(definition: Definition, text: str) -> str:
    """Return a value that was accepted, as it may be shown."""
    return HIDDEN if definition.secrecy is Secrecy.WHOLLY else without_password(text)


def shown_refused(definition: Definition, text: str) -> str:
    """Return a value that was refused: where a secret might stand in it unrecognised, nothing of it."""
    return quoted(text) if definition.secrecy is Secrecy.OPEN else HIDDEN
