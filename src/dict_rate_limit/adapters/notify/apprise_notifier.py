"""Text messages by Apprise, in a subprocess, to the service of the channel's URL."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from dict_rate_limit.adapters.notify.redaction import redacted
from dict_rate_limit.domain.alerts.alert import Severity, TransitionKind
from dict_rate_limit.domain.notifications.channel import Channel
from dict_rate_limit.domain.notifications.routing import DeliveryResult
from dict_rate_limit.ports.notifications import Message
from dict_rate_limit.texts.notification import latest

TIMEOUT_SEC: Final = 24.0
# Each subprocess takes about 55 MiB for a second.
MAX_CONCURRENT: Final = 4

COMMAND: Final = (sys.executable, "-I", "-m", "dict_rate_limit.adapters.notify.apprise_subprocess")

# No proxy variables and no .netrc: the text must go to the URL alone.
_ENVIRONMENT: Final = {"HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "PATH": os.defpath}

_TYPES: Final = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "failure"}
_CHECK_TIMEOUT_SEC: Final = 15.0


class AppriseNotifier:
    """Sends texts. `command` starts the subprocess; `timeout_sec` includes the wait for a free slot."""

    def __init__(self, command: Sequence[str] = COMMAND, timeout_sec: float = TIMEOUT_SEC) -> None:
        self._command = command
        self._timeout_sec = timeout_sec
        self._slots = asyncio.Semaphore(MAX_CONCURRENT)

    async def send(self, channel: Channel, message: Message) -> DeliveryResult:
        """Send once and return the service's answer, as far as Apprise reports it."""
        request = {
            "act": "send",
            "url": url_for(channel, message),
            "title": message.title,
            "body": f"{message.body}\n\nref {message.message_id.hex[:8]}",
            "type": notify_type(message),
        }
        try:
            async with asyncio.timeout(self._timeout_sec), self._slots:
                output = await self._run(json.dumps(request).encode())
            answer = json.loads(output)
            return DeliveryResult(ok=answer["ok"] is True, text=redacted(str(answer["text"]), channel))
        except TimeoutError:
            return DeliveryResult(ok=False, text=f"not sent within {self._timeout_sec:g} s")
        except (OSError, ValueError, LookupError, TypeError) as error:
            return DeliveryResult(ok=False, text=redacted(f"Apprise subprocess failed: {error}", channel))

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
    """Kill the process group if the process still runs."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def check_urls(urls: Sequence[str], command: Sequence[str] = COMMAND) -> Sequence[str | None]:
    """Return for each URL the reason why Apprise rejects it, or None. The reasons may contain secrets."""
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
        return ["Apprise subprocess failed"] * len(urls)
    return problems


def notify_type(message: Message) -> str:
    """Return Apprise's notification type, which sets the colour, the icon, and the severity of incidents."""
    events = latest(message.events)
    open_events = [event for event in events if event.transition is not TransitionKind.RESOLVED]
    if not open_events:
        return "success"
    worst = open_events[0]
    return "info" if worst.transition is TransitionKind.ACKNOWLEDGED else _TYPES[worst.severity]


def url_for(channel: Channel, message: Message) -> str:
    """Return the URL with the product's defaults for options that the channel does not set."""
    # PagerDuty opens one incident per alert and resolves it with the alert, by the same key.
    if channel.url.lower().startswith("pagerduty://"):
        key = str(message.events[-1].alert_id)
        return _with_defaults(channel.url, {"overflow": "truncate", "action": "map", "dedup": key})
    # A long text is split into several messages, not cut off.
    return _with_defaults(channel.url, {"overflow": "split"})


def _with_defaults(url: str, defaults: Mapping[str, str]) -> str:
    query = url.partition("?")[2]
    given = {pair.partition("=")[0].lower() for pair in query.split("&")}
    added = "&".join(f"{name}={value}" for name, value in defaults.items() if name not in given)
    if not added:
        return url
    return f"{url}{'&' if query else '' if '?' in url else '?'}{added}"
