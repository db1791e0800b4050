"""The heartbeat: a call to an external monitor after each successful cycle. Its absence is the alarm."""

from __future__ import annotations

import logging
import re
from typing import Final

from dict_rate_limit.adapters.notify.guarded_http import CallError, GuardedHttp

TIMEOUT_SEC: Final = 5.0

_log = logging.getLogger(__name__)


class UrlHeartbeat:
    """Calls a URL. The URL is secret: logs name only its host."""

    def __init__(self, http: GuardedHttp, url: str) -> None:
        self._http = http
        self._url = url
        self._host = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
        self._error: str | None = None

    async def beat(self) -> None:
        """Call once. A failure is logged when it begins or changes, and when it is over."""
        try:
            reply = await self._http.call("GET", self._url, timeout_sec=TIMEOUT_SEC)
        except CallError as error:
            error_text: str | None = str(error)
        else:
            error_text = None if reply.ok else f"HTTP {reply.status} {reply.phrase}".rstrip()
        if error_text != self._error:
            self._log_change(error_text)
        self._error = error_text

    def _log_change(self, error_text: str | None) -> None:
        if error_text is None:
            _log.info("heartbeat.recovered", extra={"host": self._host})
        else:
            _log.warning("heartbeat.failed", extra={"host": self._host, "error": error_text})
