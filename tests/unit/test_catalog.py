"""Both languages say everything, with the same gaps."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from string import Formatter
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.alerts.alert import Kind, TransitionKind
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.texts.catalog import CATALOGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dict_rate_limit.texts.catalog.schema import Catalog

# Each language writes dates in its own order; only some have names of months.
OWN_FORM = {"notifications.day", "notifications.months"}


def gaps(value: object, path: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """Give every text's place in the catalogue and the names of its gaps."""
    if isinstance(value, str):
        yield path, frozenset(name for _, name, _, _ in Formatter().parse(value) if name is not None)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from gaps(inner, f"{path}.{key}")
    elif isinstance(value, tuple):
        for place, inner in enumerate(value):
            yield from gaps(inner, f"{path}.{place}")
    elif is_dataclass(value):
        for field in fields(value):
            yield from gaps(getattr(value, field.name), f"{path}.{field.name}".removeprefix("."))


def test_both_languages_fill_the_same_gaps() -> None:
    portuguese, english = (dict(gaps(CATALOGS[language])) for language in (Language.PT, Language.EN))

    different = {
        path: (portuguese.get(path), english.get(path))
        for path in portuguese.keys() | english.keys()
        if portuguese.get(path) != english.get(path) and not path.startswith(tuple(OWN_FORM))
    }

    assert different == {}


@pytest.mark.parametrize("catalog", CATALOGS.values(), ids=CATALOGS)
def test_a_kind_without_texts_fails_the_import(catalog: Catalog) -> None:
    kinds = dict(catalog.kinds)
    del kinds[Kind.RATE_LIMITED]

    with pytest.raises(KeyError, match="RATE_LIMITED"):
        replace(catalog, kinds=kinds)


@pytest.mark.parametrize("catalog", CATALOGS.values(), ids=CATALOGS)
def test_a_transition_without_a_message_fails_the_import(catalog: Catalog) -> None:
    text = catalog.kinds[Kind.THRESHOLD]
    messages = dict(text.messages)
    del messages[TransitionKind.ESCALATED]

    with pytest.raises(KeyError, match="ESCALATED"):
        replace(catalog, kinds={**catalog.kinds, Kind.THRESHOLD: replace(text, messages=messages)})


@pytest.mark.parametrize("catalog", CATALOGS.values(), ids=CATALOGS)
def test_a_condition_the_page_cannot_show_fails_the_import(catalog: Catalog) -> None:
    text = replace(catalog.kinds[Kind.SOURCE_UNREACHABLE], page="")

    with pytest.raises(KeyError, match="page"):
        replace(catalog, kinds={**catalog.kinds, Kind.SOURCE_UNREACHABLE: text})


@pytest.mark.parametrize("catalog", CATALOGS.values(), ids=CATALOGS)
def test_an_outcome_without_a_text_fails_the_import(catalog: Catalog) -> None:
    outcomes = dict(catalog.page.outcomes)
    del outcomes[Outcome.GONE]

    with pytest.raises(KeyError, match="GONE"):
        replace(catalog.page, outcomes=outcomes)
