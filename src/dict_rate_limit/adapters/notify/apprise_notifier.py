"""Texts for people, by whatever service the channel's URL names: Apprise, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from dict_rate_limit.adapters.notify.redaction import redacted
from dict_rate_limit.domain.alerts.alert import Severity, TransitionKind
from dict_rate_limit.domain.notifications.routing import DeliveryResult
from dict_rate_limit.texts.notification import latest

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Mapping, Sequence

    from dict_rate_limit.domain.notifications.channel import Channel
    from dict_rate_limit.ports.notifications import Message

TIMEOUT_SEC: Final = 24.0
MAX_CONCURRENT: Final = 4
"""Texts under way in this process; each takes about 55 MiB for a second."""

COMMAND: Final = (sys.executable, "-I", "-m", "dict_rate_limit.adapters.notify.apprise_subprocess")

_ENVIRONMENT: Final = {"HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "PATH": os.defpath}
"""No proxies, no .netrc, nothing of ours: a text goes where its URL says."""

_TYPES: Final = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "failure"}
_CHECK_TIMEOUT_SEC: Final = 15.0


class AppriseNotifier:
    """Sends texts. `command` is the program that does it; `patience` bounds all of it, in seconds."""

    def __init__(self, command: Sequence[str] = COMMAND, timeout_sec: float = TIMEOUT_SEC) -> None:
        """Start nothing."""
        self._command = command
        self._patience = timeout_sec
        self._slots = asyncio.Semaphore(MAX_CONCURRENT)

    async def send(self, channel: Channel, message: Message) -> DeliveryResult:
        """Send once and say what the service answered, as far as Apprise tells."""
        request = {
            "act": "send",
            "url": url_for(channel, message),
            "title": message.title,
            "body": f"{message.body}\n\nref {message.message_id.hex[:8]}",
            "type": notify_type(message),
        }
        try:
            async with asyncio.timeout(self._patience), self._slots:
                output = await self._run(json.dumps(request).encode())
            answer = json.loads(output)
            return DeliveryResult(ok=answer["ok"] is True, text=redacted(str(answer["text"]), channel))
        except TimeoutError:
            return DeliveryResult(ok=False, text=f"not sent within {self._patience:g} s")
        except (OSError, ValueError, LookupError, TypeError) as error:
            return DeliveryResult(ok=False, text=redacted(f"the program for texts failed: {error}", channel))

    async def _run(self, request: bytes) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            start_new_session=True,
        )
        try:
            output, _ = await process.communicate(request)
        finally:
            await _kill(process)
        return output


async def _kill(process: Process) -> None:
    """Kill what still runs, its children included."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def check_urls(urls: Sequence[str], command: Sequence[str] = COMMAND) -> Sequence[str | None]:
    """Say of each URL why Apprise does not take it, None where it does. The reasons may name secrets."""
    request = json.dumps({"act": "check", "urls": list(urls)})
    try:
        done = subprocess.run(  # noqa: S603 -- our own program
            command,
            input=request,
            capture_output=True,
            text=True,
            timeout=_CHECK_TIMEOUT_SEC,
            env=_ENVIRONMENT,
            check=True,
        )
        problems: Sequence[str | None] = json.loads(done.stdout)["problems"]
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError):
        return ["the program for texts failed"] * len(urls)
    return problems


def notify_type(message: Message) -> str:
    """Return Apprise's word for how bad it is: colour, icon, and what incident services make of it."""
    events = latest(message.events)
    open_events = [event for event in events if event.transition is not TransitionKind.RESOLVED]
    if not open_events:
        return "success"
    worst = open_events[0]
    return "info" if worst.transition is TransitionKind.ACKNOWLEDGED else _TYPES[worst.severity]


def url_for(channel: Channel, message: Message) -> str:
    """Return the URL with what the product has to add where the channel says nothing of it.

    A long text is parted rather than cut off. PagerDuty keeps one incident for each alert, and ends it with the alert.
    """
    if channel.url.lower().startswith("pagerduty://"):
        key = str(message.events[-1].alert_id)
        return _with_defaults(channel.url, {"overflow": "truncate", "action": "map", "dedup": key})
    return _with_defaults(channel.url, {"overflow": "split"})


def _with_defaults(url: str, defaults: Mapping[str, str]) -> str:
    query = url.partition("?")[2]
    given = {pair.partition("=")[0].lower() for pair in query.split("&")}
    added = "&".join(f"{name}={value}" for name, value in defaults.items() if name not in given)
    if not added:
        return url
    return f"{url}{'&' if query else '' if '?' in url else '?'}{added}"
