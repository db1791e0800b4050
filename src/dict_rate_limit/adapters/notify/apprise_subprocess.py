"""A program of its own for texts: Apprise costs 45 MiB and half a second, which no process should keep.

It reads one JSON object from stdin and writes one to stdout:

  {"act": "send", "url": …, "title": …, "body": …, "type": …}  →  {"ok": true | false, "text": why not}
  {"act": "check", "urls": […]}                                →  {"problems": [why it is not taken | null, …]}

Texts may name secrets: whoever started it redacts them.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from apprise import Apprise, AppriseAsset, NotifyFormat
from apprise.common import PersistentStoreMode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from apprise import NotifyBase

TIMEOUT_SEC: Final = 15.0
"""Seconds until Apprise gives up by itself, with a reason."""

HARD_LIMIT_SEC: Final = 25
"""Seconds until the system ends this program, whatever it does."""

MAX_INTERVAL_SEC: Final = 1.0
"""Seconds between the parts of one text; Apprise's own default would not let three of them through in time."""

_PR_SET_PDEATHSIG: Final = 1
_TEAMS: Final = "workflows"
_DEBUG_REASONS: Final = ("Socket Exception", "Response Details")
"""What Apprise says at DEBUG and yet tells why."""


def handle(request: Mapping[str, Any]) -> dict[str, object]:
    """Do what is asked."""
    if request["act"] == "check":
        return {"problems": [_rejection(url) for url in request["urls"]]}
    return _send(request)


def _send(request: Mapping[str, Any]) -> dict[str, object]:
    with _reasons() as reasons:
        service = _service(request["url"])
        if service is None:
            return {"ok": False, "text": f"Apprise does not take this URL: {_joined(reasons)}"}
        apprise = Apprise(asset=service.asset)
        apprise.add(service)
        result = apprise.notify(
            body=_format_body(request["body"], service),
            title=request["title"],
            notify_type=request["type"],
            body_format=NotifyFormat.TEXT.value,
            timeout=TIMEOUT_SEC,
        )
        return {"ok": bool(result), "text": "taken" if result else _joined(reasons)}


def _format_body(body: str, service: NotifyBase) -> str:
    """Teams takes a text as Markdown, where a line ends only before an empty one."""
    schemes: Collection[str] = service.schemas()  # type: ignore[no-untyped-call]
    return body.replace("\n", "\n\n") if _TEAMS in schemes else body


def _rejection(url: str) -> str | None:
    with _reasons() as reasons:
        return None if _service(url) is not None else _joined(reasons)


def _service(url: str) -> NotifyBase | None:
    """Make the service of a URL: no redirects, no files, no foreign pictures, no configuration but the URL."""
    asset = AppriseAsset(
        app_id="dict-rate-limit",
        app_desc="DICT rate limits",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        storage_mode=PersistentStoreMode.MEMORY.value,
        pgp_autogen=False,
        pem_autogen=False,
        allow_templates=False,
        service_timeout=TIMEOUT_SEC,
    )
    service = Apprise.instantiate(url, asset=asset)
    if service is not None:
        service.redirects = False
        service.request_rate_per_sec = min(service.request_rate_per_sec, MAX_INTERVAL_SEC)
    return service


class _Reasons(logging.Handler):
    """Collects why something failed: Apprise only logs it."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__()
        self._reasons = reasons

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.WARNING or text.startswith(_DEBUG_REASONS):
            self._reasons.append(text)


@contextmanager
def _reasons() -> Iterator[list[str]]:
    reasons: list[str] = []
    logger, handler = logging.getLogger("apprise"), _Reasons(reasons)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield reasons
    finally:
        logger.removeHandler(handler)


def _joined(reasons: list[str]) -> str:
    return " ".join(dict.fromkeys(reasons)) or "no reason given"


def main() -> None:
    """Answer one request, and end without waiting for threads that hang."""
    signal.alarm(HARD_LIMIT_SEC)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    out, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    out.write(json.dumps(handle(json.load(sys.stdin))))
    out.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
