"""A channel to people or programs, and which transitions it receives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, AlertEvent, Kind, Severity
from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.text import GLOB

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)

EVERYTHING: Final = ("*",)


class Language(StrEnum):
    """Languages of texts: of a channel, a page, a message."""

    PT = "pt"
    EN = "en"


class ChannelType(StrEnum):
    """The format of what a channel receives."""

    TEXT = "text"  # a message for people, by whatever service the URL names
    WEBHOOK = "webhook"  # the core event, signed as Standard Webhooks have it
    ALERTMANAGER = "alertmanager"  # what Alertmanager sends to its receivers, version 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Which transitions a channel receives: those that match all of these. Globs are case-sensitive.

    An alert of the whole participant concerns each of its policies: it matches any `policies`.
    """

    severity: Severity = Severity.INFO
    policies: tuple[str, ...] = EVERYTHING
    participants: tuple[str, ...] = EVERYTHING
    kinds: tuple[str, ...] = EVERYTHING

    def __post_init__(self) -> None:
        for field in ("policies", "participants", "kinds"):
            globs: tuple[str, ...] = getattr(self, field)
            bad = next((glob for glob in globs if not GLOB.fullmatch(glob)), None if globs else "")
            if bad is not None:
                message = f"{field}: {bad[:120]!r}, expected globs of letters, digits, _, * and ?, at least one"
                raise InvalidValueError(message)
        unknown = next((kind for kind in self.kinds if not {"*", "?"} & set(kind) and kind not in set(Kind)), None)
        if unknown is not None:
            message = f"kinds: {unknown!r}, expected {', '.join(Kind)}, or a glob"
            raise InvalidValueError(message)

    def matches(self, event: AlertEvent) -> bool:
        """Return whether a transition is at least as severe and matches one glob of each list."""
        if event.severity.rank() < self.severity.rank():
            return False
        pairs = (
            (event.policy_name, EVERYTHING if event.policy_name == ANY_POLICY else self.policies),
            (event.participant, self.participants),
            (event.kind.value, self.kinds),
        )
        return all(any(fnmatchcase(text, glob) for glob in globs) for text, globs in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel. `url` and `secrets` are secret.

    `group_wait` is how long a message waits for others, so that one burst is one message. `send_individually` is for
    services that make an incident of each message. `secrets` sign a webhook, the newest first; there are two while
    one is being replaced.
    """

    name: str
    format: ChannelType
    url: str
    routes: Routes = Routes()
    language: Language = Language.PT
    group_wait: timedelta = timedelta(seconds=10)
    send_individually: bool = False
    secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Channel(name={self.name!r}, format={self.format.value!r})"

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            message = f"channel: {self.name[:80]!r}, expected 1 to 63 of a-z, 0-9 and -"
            raise InvalidValueError(message)
        if not timedelta(0) <= self.group_wait <= timedelta(hours=1):
            message = f"group_wait: {self.group_wait}, expected 0s to 1h"
            raise InvalidValueError(message)

    @property
    def grouped(self) -> bool:
        """Whether one message may contain several transitions. Programs receive them one by one."""
        return self.format is ChannelType.TEXT and not self.send_individually

    def matches(self, event: AlertEvent) -> bool:
        """Return whether it receives a transition."""
        # A drill tests every channel.
        return event.kind is Kind.DRILL or self.routes.matches(event)
