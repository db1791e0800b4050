"""The channels of a file that is reloaded when it changes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from threading import Thread

from dict_rate_limit.adapters.notify.apprise_notifier import check_urls
from dict_rate_limit.adapters.notify.channels_toml import HIDDEN, TABLE, parse_channels
from dict_rate_limit.adapters.notify.redaction import redacted
from dict_rate_limit.domain.notifications.channel import Channel, ChannelType
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.serving.reloaded_files import ReloadedFiles

_log = logging.getLogger(__name__)


class ChannelsFile:
    """The channels of a file, at most a second behind it. A channel that becomes invalid keeps its last valid form.

    While the file cannot be read, all channels do. Each problem is logged once while it lasts. `check` runs in a thread
    for new channels, as it takes a second.
    """

    def __init__(
        self, path: Path | None, clock: Clock, check: Callable[[Sequence[Channel]], Sequence[str]] | None = None
    ) -> None:
        self._path = path
        self._file = ReloadedFiles(*([] if path is None else [path]), monotonic=clock.monotonic)
        self._check = check
        self._channels: dict[str, Channel] = {}
        self._names: frozenset[str] | None = frozenset()
        self._logged: frozenset[str] = frozenset()

    def channels(self) -> Sequence[Channel]:
        if self._path is not None and self._file.changed():
            self._read(self._path)
        return tuple(self._channels.values())

    def names(self) -> Collection[str] | None:
        """Return the names of all channels of the file, also invalid ones; None while it cannot be read."""
        self.channels()
        return self._names

    def _read(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self._file.retry()
            self._names = None
            self._log_problems([_unreadable(error)])
            return
        self._apply(text)

    def _apply(self, text: str) -> None:
        parsed = parse_channels(text)
        self._log_problems(parsed.problems)
        if parsed.invalid is None:
            self._names = None
            return
        self._names = parsed.invalid.union(channel.name for channel in parsed.channels)
        before = self._channels
        unchanged = {name: before[name] for name in parsed.invalid if name in before}
        self._channels = {channel.name: channel for channel in parsed.channels} | unchanged
        fresh = [channel for channel in parsed.channels if channel != before.get(channel.name)]
        if fresh and self._check is not None:
            Thread(
                target=self._log_rejected_urls, args=(self._check, fresh), name="channels-check", daemon=True
            ).start()

    def _log_problems(self, problems: Iterable[str]) -> None:
        found = frozenset(problems)
        for problem in sorted(found - self._logged):
            _log.error("channels_file.rejected", extra={"problem": problem})
        self._logged = found

    @staticmethod
    def _log_rejected_urls(check: Callable[[Sequence[Channel]], Sequence[str]], channels: Sequence[Channel]) -> None:
        for problem in check(channels):
            _log.error("channels_file.rejected", extra={"problem": problem})


def check_channels(path: Path) -> tuple[Sequence[Channel], Sequence[str]]:
    """Return the channels of a file and every problem, also URLs that Apprise rejects. Takes a second."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return [], [_unreadable(error)]
    parsed = parse_channels(text)
    return parsed.channels, [*parsed.problems, *rejected_urls(parsed.channels)]


def rejected_urls(channels: Sequence[Channel]) -> Sequence[str]:
    """Return one problem per URL that Apprise rejects. Blocks for a second, as it starts a subprocess."""
    texts = [channel for channel in channels if channel.format is ChannelType.TEXT]
    reasons = check_urls([channel.url for channel in texts]) if texts else []
    return [
        f"{TABLE}.{channel.name}: url: {HIDDEN}, expected one that Apprise accepts: {redacted(reason, channel)}"
        for channel, reason in zip(texts, reasons, strict=True)
        if reason is not None
    ]


def _unreadable(error: OSError | UnicodeDecodeError) -> str:
    return f"cannot be read: {'not UTF-8' if isinstance(error, UnicodeDecodeError) else error.strerror}"
