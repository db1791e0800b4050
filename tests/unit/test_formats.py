"""Our numbers, shares and plurals against CLDR, as Babel knows it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.core import Locale
from babel.numbers import format_decimal, format_percent

from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.texts.catalog import CATALOGS
from dict_rate_limit.texts.catalog.schema import Plural
from dict_rate_limit.texts.format import number_text, percent_text, plural_text, tenths_text

LOCALES = {Language.PT: Locale("pt", "BR"), Language.EN: Locale("en")}
NUMBERS = [-36_000, -15, 0, 7, 999, 1_000, 36_000, 1_234_567]
SHARES = [*range(0, 10_000, 7), 10_000]
LANGUAGES = pytest.mark.parametrize("language", Language)


@LANGUAGES
def test_numbers_are_written_as_in_cldr(language: Language) -> None:
    expected = [format_decimal(number, locale=LOCALES[language]) for number in NUMBERS]

    assert [number_text(number, CATALOGS[language]) for number in NUMBERS] == expected


@LANGUAGES
def test_tenths_are_written_as_in_cldr(language: Language) -> None:
    expected = [format_decimal(Decimal(tenths) / 10, locale=LOCALES[language]) for tenths in (15, 99, 12_345)]

    assert [tenths_text(tenths, CATALOGS[language]) for tenths in (15, 99, 12_345)] == expected


@LANGUAGES
def test_shares_are_written_as_in_cldr(language: Language) -> None:
    expected = [format_percent(Decimal(share) / 10_000, "#,##0.##%", locale=LOCALES[language]) for share in SHARES]

    assert [percent_text(share, CATALOGS[language]) for share in SHARES] == expected


@LANGUAGES
def test_a_share_with_one_decimal_is_cut_not_rounded(language: Language) -> None:
    cut = [format_percent(Decimal(tenths) / 1_000, "#,##0.#%", locale=LOCALES[language]) for tenths in range(1_001)]

    assert [percent_text(tenths * 10 + 9, CATALOGS[language], decimals=1) for tenths in range(1_000)] == cut[:-1]
    assert percent_text(10_000, CATALOGS[language], decimals=1) == cut[-1]


@LANGUAGES
def test_plurals_follow_cldr_from_one(language: Language) -> None:
    expected = [LOCALES[language].plural_form(number) for number in range(1, 1_000)]

    assert [plural_text(Plural("one", "other"), number) for number in range(1, 1_000)] == expected
