"""The channels of a file that is reloaded when it changes."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec

from dict_rate_limit.adapters.notify.apprise_notifier import check_urls
from dict_rate_limit.adapters.notify.redaction import redacted
from dict_rate_limit.adapters.notify.webhook import key_of
from dict_rate_limit.domain.alerts.alert import Kind, Severity
from dict_rate_limit.domain.notifications.channel import NAME, Channel, ChannelType, Language, Routes
from dict_rate_limit.domain.text import GLOB
from dict_rate_limit.domain.timestamps import parse_duration
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.serving.reloaded_files import ReloadedFiles

_log = logging.getLogger(__name__)


TABLE: Final = "channels"
HIDDEN: Final = "(hidden)"
_LONGEST_WAIT: Final = timedelta(hours=1)
_NO_WAIT: Final = re.compile(r"0(?:ms|s|m|h)")
_SCHEME: Final = r"\A[A-Za-z][A-Za-z0-9+.-]*://[^\x00-\x1f\x7f]+\Z"
_SECRET_LIKE: Final = re.compile(r"://|whsec_|@")
_MAX_DISPLAY: Final = 60
_GLOBS: Final = "a list of globs of letters, digits, _, * and ?, at least one"
_GlobList = Annotated[
    tuple[Annotated[str, msgspec.Meta(pattern=rf"\A(?:{GLOB.pattern})\Z")], ...], msgspec.Meta(min_length=1)
]
_ROUTES: Final = ("severity", "policies", "participants", "kinds")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedChannels:
    """The content of a file. `invalid` names the channels with problems; None = the file cannot be parsed at all.

    `problems` has one line each: channel, key, value unless it may be secret, and what was expected.
    """

    channels: tuple[Channel, ...] = ()
    problems: tuple[str, ...] = ()
    invalid: frozenset[str] | None = frozenset()


def parse_channels(text: str) -> ParsedChannels:
    try:
        content = msgspec.toml.decode(text)
    except msgspec.DecodeError as error:
        return ParsedChannels(problems=(f"not TOML: {error}",), invalid=None)
    tables = content.pop(TABLE, {})
    problems = [f"{key[:_MAX_DISPLAY]}: unknown, expected tables [{TABLE}.<name>] only" for key in content]
    if not isinstance(tables, dict):
        return ParsedChannels(problems=(*problems, f"{TABLE}: expected tables [{TABLE}.<name>]"), invalid=None)
    channels, invalid = [], set()
    for name, table in tables.items():
        channel, its_problems = _channel(name, table)
        problems += [f"{TABLE}.{name[:_MAX_DISPLAY]}: {problem}" for problem in its_problems]
        if channel is None:
            invalid.add(name)
        else:
            channels.append(channel)
    return ParsedChannels(channels=tuple(channels), problems=tuple(problems), invalid=frozenset(invalid))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """One key of a channel: its type, and a check or conversion beyond the type, which raises ValueError."""

    type: Any
    expected: str
    convert: Callable[[Any], object] | None = None
    secret: bool = False

    def read(self, value: object) -> object:
        """Return the value of the key. Raises ValueError or msgspec.ValidationError if it is not as expected."""
        typed = msgspec.convert(value, self.type)
        return typed if self.convert is None else self.convert(typed)


def _channel(name: str, table: object) -> tuple[Channel | None, list[str]]:
    if not NAME.fullmatch(name):
        return None, ["expected a name of 1 to 63 of a-z, 0-9 and -, that begins with a letter or digit"]
    if not isinstance(table, dict):
        return None, ["expected a table"]
    problems = [f"{key[:_MAX_DISPLAY]}: unknown, expected {', '.join(_KEYS)}" for key in table if key not in _KEYS]
    values: dict[str, Any] = {}
    for key, kind in _KEYS.items():
        if key in table:
            try:
                values[key] = kind.read(table[key])
            except (ValueError, msgspec.ValidationError):
                problems.append(f"{key}: {_display(kind, table[key])}, expected {kind.expected}")
    if "url" not in table:
        problems.append(f"url: missing, expected {_KEYS['url'].expected}")
    if not problems:
        problems = _mismatches(values)
    return (None, problems) if problems else (_build_channel(name, values), [])


def _mismatches(values: Mapping[str, Any]) -> list[str]:
    form = values.get("format", ChannelType.TEXT)
    problems = []
    if form is not ChannelType.TEXT and not _is_http(values["url"]):
        problems.append(f"url: {HIDDEN}, expected http:// or https:// with a host for the format {form}")
    if (form is ChannelType.WEBHOOK) != ("secrets" in values):
        wanted = (
            f"{_KEYS['secrets'].expected}: a webhook is signed" if form is ChannelType.WEBHOOK else "none: no webhook"
        )
        problems.append(f"secrets: {HIDDEN if 'secrets' in values else 'missing'}, expected {wanted}")
    return problems


def _build_channel(name: str, values: dict[str, Any]) -> Channel:
    routes = Routes(**{key: values.pop(key) for key in _ROUTES if key in values})
    incidents = values["url"].lower().startswith("pagerduty://")
    send_individually = not values.pop("group", not incidents)
    return Channel(
        name=name,
        routes=routes,
        send_individually=send_individually,
        format=values.pop("format", ChannelType.TEXT),
        **values,
    )


def _display(kind: _Key, value: object) -> str:
    text = repr(value)
    if kind.secret or _SECRET_LIKE.search(text):
        return HIDDEN
    return text if len(text) <= _MAX_DISPLAY else f"{text[:_MAX_DISPLAY]}…"


def _is_http(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _url(text: str) -> str:
    # The pattern accepts a malformed host such as an open bracket; urlsplit raises ValueError for it.
    urlsplit(text)
    return text


def _secrets(secrets: tuple[str, ...]) -> tuple[str, ...]:
    for secret in secrets:
        key_of(secret)
    return secrets


def _wait(text: str) -> timedelta:
    # A wait may be zero, unlike other durations.
    return timedelta() if _NO_WAIT.fullmatch(text) else parse_duration(text, _LONGEST_WAIT)


def _kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    return Routes(kinds=kinds).kinds


_KEYS: Final[Mapping[str, _Key]] = {
    "url": _Key(
        type=Annotated[str, msgspec.Meta(pattern=_SCHEME)], convert=_url, expected="the URL of a service", secret=True
    ),
    "format": _Key(type=ChannelType, expected=" or ".join(ChannelType)),
    "language": _Key(type=Language, expected=" or ".join(Language)),
    "severity": _Key(type=Severity, expected=" or ".join(Severity)),
    "policies": _Key(type=_GlobList, expected=_GLOBS),
    "participants": _Key(type=_GlobList, expected=_GLOBS),
    "kinds": _Key(type=_GlobList, convert=_kinds, expected=f"a list of {', '.join(Kind)} or globs, at least one"),
    "group_wait": _Key(type=str, convert=_wait, expected="a duration from 0s to 1h, such as 10s or 1m30s"),
    "group": _Key(type=bool, expected="true or false"),
    "secrets": _Key(
        type=Annotated[tuple[str, ...], msgspec.Meta(min_length=1)],
        convert=_secrets,
        expected="a list of whsec_ and 24 to 64 bytes in base64, the newest first",
        secret=True,
    ),
}
