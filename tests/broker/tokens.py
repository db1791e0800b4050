"""Tokens that the broker of the tests accepts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Final

ROLE: Final = "dict-rate-limit"
SIGNING_KEY: Final = hashlib.sha256(b"the broker of the tests").digest()
DAY_SEC: Final = 86_400


def token(role: str = ROLE, *, lasts_sec: float = DAY_SEC, key: bytes = SIGNING_KEY) -> str:
    """Make a token for a role (JWT, HS256)."""
    claims = {"sub": role, "exp": int(time.time() + lasts_sec)}  # noqa: TID251 -- the broker reads the real clock
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims))
    return f"{signed}.{_encoded(hmac.digest(key, signed.encode(), 'sha256'))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
