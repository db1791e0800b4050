"""Styles of values: units, colours, lines, texts for numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json = dict[str, Any]

COUNT: Final = "none"
TOKENS: Final = "locale"
TOKENS_PER_SECOND: Final = "suffix:tokens/s"
PER_SECOND: Final = "ops"
REQUESTS: Final = "reqps"
SECONDS: Final = "s"
SHARE: Final = "percentunit"
BYTES: Final = "bytes"
TEXT: Final = "string"
TIMES: Final = "suffix:times"

GREEN, YELLOW, RED, BLUE, PURPLE, GREY = "green", "yellow", "red", "blue", "purple", "text"

LEVELS: Final = {"0": ("OK", GREEN), "1": ("WARNING", YELLOW), "2": ("CRITICAL", RED)}
YES_NO: Final = {"0": ("no", GREY), "1": ("yes", BLUE)}
UP_DOWN: Final = {"0": ("down", RED), "1": ("up", GREEN)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Style of a panel, or of some of its series. None means the default of the panel or of Grafana.

    unit    Grafana's name of a unit
    words   text and colour for a number
    bad     values from this number on have the colour `alarm`
    never   show +Inf as "never"
    color   one colour for all values
    least, most  ends of the axis or of a gauge
    custom  options of this kind of panel
    """

    unit: str | None = None
    words: Mapping[str, tuple[str, str]] | None = None
    bad: float | None = None
    alarm: str = RED
    never: bool = False
    color: str | None = None
    decimals: int | None = None
    least: float | None = None
    most: float | None = None
    links: Sequence[Json] = ()
    custom: Json | None = None

    def defaults(self) -> Json:
        """Return `fieldConfig.defaults` of Grafana."""
        mappings = [*_words(self.words), *(_NEVER if self.never else ())]
        steps: list[Json] = [{"color": GREEN if self.bad is not None else GREY, "value": None}]
        if self.bad is not None:
            steps.append({"color": self.alarm, "value": self.bad})
        return {
            "color": {"mode": "thresholds"} if self.color is None else {"mode": "fixed", "fixedColor": self.color},
            "mappings": mappings,
            "thresholds": {"mode": "absolute", "steps": steps},
            **self._given(),
        }

    def properties(self) -> list[Json]:
        """Return the properties that are set, as a list, for an override."""
        custom = {f"custom.{name}": value for name, value in (self.custom or {}).items()}
        properties: Json = {key: value for key, value in self._given().items() if key != "custom"} | custom
        if self.words or self.never:
            properties["mappings"] = [*_words(self.words), *(_NEVER if self.never else ())]
        if self.bad is not None:
            properties["thresholds"] = self.defaults()["thresholds"]
        if self.color is not None:
            properties["color"] = {"mode": "fixed", "fixedColor": self.color}
        return [{"id": key, "value": value} for key, value in properties.items()]

    def _given(self) -> Json:
        given = {
            "unit": self.unit,
            "decimals": self.decimals,
            "min": self.least,
            "max": self.most,
            "links": list(self.links) or None,
            "custom": self.custom,
        }
        return {key: value for key, value in given.items() if value is not None}


def named(name: str, look: Style) -> Json:
    """Return an override for the series or column with this name."""
    return {"matcher": {"id": "byName", "options": name}, "properties": look.properties()}


def limit(name: str, color: str) -> Json:
    """Draw a series as a dashed line without fill."""
    dashed = {"lineStyle": {"fill": "dash", "dash": [8, 6]}, "fillOpacity": 0, "lineWidth": 1, "showPoints": "never"}
    return named(name, Style(color=color, custom=dashed))


def band(lower: str, upper: str, color: str) -> list[Json]:
    """Fill the area between two series."""
    edge = {"lineWidth": 1, "fillOpacity": 0}
    return [
        named(lower, Style(color=color, custom=edge)),
        named(upper, Style(color=color, custom={**edge, "fillOpacity": 25, "fillBelowTo": lower})),
    ]


def colored(colors: Mapping[str, str]) -> list[Json]:
    """Set the colours of series by name."""
    return [named(name, Style(color=color)) for name, color in colors.items()]


def _words(words: Mapping[str, tuple[str, str]] | None) -> list[Json]:
    if not words:
        return []
    options = {
        key: {"text": text, "color": color, "index": index} for index, (key, (text, color)) in enumerate(words.items())
    }
    return [{"type": "value", "options": options}]


_NEVER: Final = ({"type": "range", "options": {"from": 1e15, "to": None, "result": {"text": "never", "index": 9}}},)
