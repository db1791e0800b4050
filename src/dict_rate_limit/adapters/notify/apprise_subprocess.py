"""The Apprise subprocess. Apprise takes 45 MiB and half a second to import, so no server imports it.

It reads one JSON object from stdin and writes one to stdout:

  {"act": "send", "url": …, "title": …, "body": …, "type": …}  →  {"ok": true | false, "text": reason}
  {"act": "check", "urls": […]}                                →  {"problems": [reason of rejection | null, …]}

Texts may contain secrets. The parent process redacts them.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat
from apprise.common import PersistentStoreMode

TIMEOUT_SEC: Final = 15.0
"""After this time Apprise gives up with a reason."""

HARD_LIMIT_SEC: Final = 25
"""After this time SIGALRM ends this process."""

# Between the parts of a split text. With Apprise's default, three parts would exceed the timeout.
MAX_INTERVAL_SEC: Final = 1.0

_PR_SET_PDEATHSIG: Final = 1
_TEAMS: Final = "workflows"
# Apprise logs these reasons at DEBUG only.
_DEBUG_REASONS: Final = ("Socket Exception", "Response Details")


def handle(request: Mapping[str, Any]) -> dict[str, object]:
    if request["act"] == "check":
        return {"problems": [_rejection(url) for url in request["urls"]]}
    return _send(request)


def _send(request: Mapping[str, Any]) -> dict[str, object]:
    with _reasons() as reasons:
        service = _service(request["url"])
        if service is None:
            return {"ok": False, "text": f"Apprise rejects this URL: {_joined(reasons)}"}
        apprise = Apprise(asset=service.asset)
        apprise.add(service)
        result = apprise.notify(
            body=_format_body(request["body"], service),
            title=request["title"],
            notify_type=request["type"],
            body_format=NotifyFormat.TEXT.value,
            timeout=TIMEOUT_SEC,
        )
        return {"ok": bool(result), "text": "accepted" if result else _joined(reasons)}


def _format_body(body: str, service: NotifyBase) -> str:
    # Teams renders a text as Markdown, where only an empty line ends a line.
    schemes: Collection[str] = service.schemas()  # type: ignore[no-untyped-call]
    return body.replace("\n", "\n\n") if _TEAMS in schemes else body


def _rejection(url: str) -> str | None:
    with _reasons() as reasons:
        return None if _service(url) is not None else _joined(reasons)


def _service(url: str) -> NotifyBase | None:
    """Return the service of a URL: no redirects, no files, no remote images, no configuration except the URL."""
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
    """Collects the reasons of failures, which Apprise only logs."""

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
    signal.alarm(HARD_LIMIT_SEC)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # What a library prints must not mix with the answer.
    out, sys.stdout = sys.stdout, sys.stderr
    out.write(json.dumps(handle(json.load(sys.stdin))))
    out.flush()
    # Threads of Apprise may hang, so the exit does not wait for them.
    os._exit(0)


if __name__ == "__main__":
    main()
