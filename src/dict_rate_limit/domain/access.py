"""Bearer tokens of the API: one line of a file each, `name:role:sha256[:expires]`. The secret itself is not stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.timestamps import require_timezone

_NAME: Final = re.compile(r"[A-Za-z0-9._@-]{1,64}", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SHAPE: Final = "name:role:sha256[:expires]"


class Role(StrEnum):
    VIEWER = "viewer"  # read
    OPERATOR = "operator"  # read and write

    def covers(self, needed: Role) -> bool:
        """Return whether this role includes the other."""
        return self is Role.OPERATOR or needed is Role.VIEWER


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The owner and role of a token. It is rejected from `expires` on; None = never."""

    name: str
    role: Role
    expires: datetime | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            message = f"name: {self.name[:64]!r}, expected 1 to 64 of A-Z a-z 0-9 . _ @ -"
            raise InvalidValueError(message)
        require_timezone("expires", self.expires)

    def valid_at(self, moment: datetime) -> bool:
        return self.expires is None or moment < self.expires


def digest_of(secret: str) -> str:
    """Return the form in which a token is stored and looked up: hexadecimal SHA-256."""
    # Secrets have 256 random bits, so a plain SHA-256 cannot be guessed: no salt, no slow hash.
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def new_token_line(name: str, role: Role, expires: datetime | None, secret: str) -> str:
    """Return the line for the file, without its end.

    Raises:
        InvalidValueError: an invalid name, or an expiry without a time zone.
    """
    token = Token(name=name, role=role, expires=expires)
    line = f"{token.name}:{token.role}:{digest_of(secret)}"
    return line if token.expires is None else f"{line}:{token.expires.astimezone(UTC).isoformat()}"


def parse_tokens(text: str) -> tuple[Mapping[str, Token], tuple[str, ...]]:
    """Read a tokens file: the tokens by digest, and a message for each invalid line.

    Empty lines and lines that begin with # are skipped. A message never repeats the line, which may contain a secret.
    """
    tokens: dict[str, Token] = {}
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            digest, token = _parse_line(line.strip())
        except InvalidValueError as error:
            problems.append(f"line {number}: {error}")
            continue
        if digest in tokens:
            problems.append(f"line {number}: a repeated token")
            continue
        tokens[digest] = token
    return tokens, tuple(problems)


def parse_expiry(text: str) -> datetime:
    """Read `2027-01-31` (good through that day, UTC) or `2027-01-31T18:00:00-03:00`.

    Raises:
        InvalidValueError: neither of the two.
    """
    try:
        if len(text) == len("2027-01-31"):
            return datetime.combine(date.fromisoformat(text), time.min, UTC) + timedelta(days=1)
        moment = datetime.fromisoformat(text)
        require_timezone("expires", moment)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"expires: {text[:40]!r}, expected a date (2027-01-31) or a time with its zone (2027-01-31T18:00:00Z)"
        raise InvalidValueError(message) from error


def _parse_line(line: str) -> tuple[str, Token]:
    name, role, digest, expires, *_ = [*line.split(":", 3), "", "", ""]
    if not _NAME.fullmatch(name) or not digest:
        message = f"expected {_SHAPE}"
        raise InvalidValueError(message)
    if role not in set(Role):
        message = f"role, expected {' or '.join(Role)}"
        raise InvalidValueError(message)
    if not _DIGEST.fullmatch(digest):
        message = "sha256, expected 64 hexadecimal digits in lower case"
        raise InvalidValueError(message)
    return digest, Token(name=name, role=Role(role), expires=_expiry(expires))


def _expiry(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return parse_expiry(text)
    except InvalidValueError as error:
        message = "expires, expected a date or a time with its zone"
        raise InvalidValueError(message) from error
