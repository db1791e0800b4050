"""Access control: bearer tokens with a role, stored as digests in a file that is reloaded when it changes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Final

from dict_rate_limit.apps.api.problems import ProblemError
from dict_rate_limit.contract.problems import ProblemType
from dict_rate_limit.domain.access import Role, Token, parse_tokens
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.serving.reloaded_files import ReloadedFiles

LOOPBACK_NAMES: Final = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})
LONGEST_HEADER: Final = 1_000

_BEARER: Final = b"bearer "
_HELP: Final = (
    "Send the header Authorization: Bearer <token>. An administrator creates a token with "
    "`dict-rate-limit tokens create` and adds the printed line to API_TOKENS_FILE."
)
_log = logging.getLogger(__name__)


class TokensFile:
    """The tokens of a file, at most a second old. Without a readable file there are none."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._file = ReloadedFiles(*([] if path is None else [path]), monotonic=clock.monotonic)
        self._tokens: Mapping[bytes, Token] = {}
        self._readable = True

    def find(self, secret: bytes) -> Token | None:
        """Return the token of a secret, if it is valid now."""
        if self._path is not None and self._file.changed():
            self._read(self._path)
        # Looked up by digest, so the time of the look-up says nothing about stored tokens.
        token = self._tokens.get(sha256(secret).digest())
        if token is None or (token.expires is not None and not token.valid_at(self._clock.now())):
            return None
        return token

    def valid_until(self, token: Token) -> float:
        """Return the monotonic time until which `find` returns the same token."""
        if token.expires is None:
            return self._file.next_check
        left = (token.expires - self._clock.now()).total_seconds()
        return min(self._file.next_check, self._clock.monotonic() + left)

    def _read(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            self._lose(error)
            return
        self._readable = True
        tokens, problems = parse_tokens(text)
        self._tokens = {bytes.fromhex(digest): token for digest, token in tokens.items()}
        for problem in problems:
            _log.warning("tokens_file.rejected", extra={"problem": problem})

    def _lose(self, error: OSError) -> None:
        # Old tokens must not outlive a file that an administrator removed.
        if self._readable:
            _log.error("tokens_file.unreadable", extra={"error": error.strerror})
        self._readable = False
        self._tokens = {}
        self._file.retry()


class AccessControl:
    """The access rules. `anonymous` is the role of a client without a token; None = no access."""

    def __init__(self, tokens: TokensFile, anonymous: Role | None, *, loopback: bool) -> None:
        self._tokens = tokens
        self._anonymous = None if anonymous is None else Token(name="anonymous", role=anonymous)
        self._loopback = loopback

    def is_allowed_host(self, host: bytes | None) -> bool:
        """Return whether the Host header may name this server."""
        # On a loopback address a foreign Host is a request of another site's page (DNS rebinding). Every browser sends
        # the header, so a request without it comes from another program.
        if not self._loopback or host is None:
            return True
        name, colon, port = host.rpartition(b":")
        if not colon or not port.isdigit():
            name = host
        return name.lower() in LOOPBACK_NAMES

    def principal(self, authorization: bytes | None) -> Token | None:
        """Return the client's token; None when it has no access. An invalid token is never treated as anonymous."""
        if authorization is None:
            return self._anonymous
        if authorization[:7].lower() != _BEARER or len(authorization) > LONGEST_HEADER:
            return None
        return self._tokens.find(authorization[7:].strip())

    def valid_until(self, principal: Token) -> float:
        """Return the monotonic time until which the same header gives the same principal."""
        return inf if principal is self._anonymous else self._tokens.valid_until(principal)


def foreign_host() -> ProblemError:
    """Return the problem of a request to another host."""
    detail = (
        "The Host header is not localhost, 127.0.0.1 or [::1]. This server accepts requests of its own machine only."
    )
    return ProblemError(ProblemType.FORBIDDEN, detail)


def unauthorized(*, token_given: bool) -> ProblemError:
    """Return the problem of a missing or invalid token."""
    challenge = 'Bearer realm="dict-rate-limit"' + (', error="invalid_token"' if token_given else "")
    detail = f"{'This token is unknown or has expired. ' if token_given else ''}{_HELP}"
    return ProblemError(ProblemType.UNAUTHORIZED, detail, headers=(("WWW-Authenticate", challenge),))


def forbidden(needed: Role) -> ProblemError:
    """Return the problem of a role that is not sufficient."""
    challenge = 'Bearer realm="dict-rate-limit", error="insufficient_scope"'
    detail = f"This needs the role {needed.value}."
    return ProblemError(ProblemType.FORBIDDEN, detail, headers=(("WWW-Authenticate", challenge),))
