"""A way to people, and what they want to be told of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Kind, Severity
from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.text import GLOB

if TYPE_CHECKING:
    from dict_rate_limit.domain.alerts.alert import AlertEvent

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)

EVERYTHING: Final = ("*",)


class Language(StrEnum):
    """In which the people of a channel read."""

    PT = "pt"
    EN = "en"


class ChannelType(StrEnum):
    """What a channel is sent."""

    TEXT = "text"  # a message for people, by whatever service the URL names
    WEBHOOK = "webhook"  # the core event, signed as Standard Webhooks have it
    ALERTMANAGER = "alertmanager"  # what Alertmanager sends to its receivers, version 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Which transitions a channel wants: all of these have to hold. Globs are case-sensitive.

    What concerns the whole participant concerns each of its policies: `policies` never keeps it back, `kinds` may.
    """

    severity: Severity = Severity.INFO
    policies: tuple[str, ...] = EVERYTHING
    participants: tuple[str, ...] = EVERYTHING
    kinds: tuple[str, ...] = EVERYTHING

    def __post_init__(self) -> None:
        """Refuse lists that want nothing, and what can match nothing by mistake."""
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
        """Tell whether a transition is wanted: at least as severe, and matched by one glob of each list."""
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
    """One way to people or programs. `url` and `secrets` are secret.

    `group_wait` is how long a message waits for others, so that one burst is one message; `apart` keeps even texts
    single, for services that make an incident of each message. `secrets` sign a webhook, the newest first; while one
    is being replaced there are two.
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
        """Show no secret."""
        return f"Channel(name={self.name!r}, format={self.format.value!r})"

    def __post_init__(self) -> None:
        """Refuse names that cannot stand in a label, and waits that are none."""
        if not NAME.fullmatch(self.name):
            message = f"channel: {self.name[:80]!r}, expected 1 to 63 of a-z, 0-9 and -"
            raise InvalidValueError(message)
        if not timedelta(0) <= self.group_wait <= timedelta(hours=1):
            message = f"group_wait: {self.group_wait}, expected 0s to 1h"
            raise InvalidValueError(message)

    @property
    def grouped(self) -> bool:
        """Whether one message may tell of several transitions: programs want them one by one."""
        return self.format is ChannelType.TEXT and not self.send_individually

    def matches(self, event: AlertEvent) -> bool:
        """Tell whether it wants a transition; a drill goes everywhere, for that is what it is for."""
        return event.kind is Kind.DRILL or self.routes.matches(event)
