from __future__ import annotations

import pytest

from dict_rate_limit.domain.notifications.channel import Language
from notification_texts import PAGE, page, samples

LONGEST_TITLE = 90


def test_the_page_of_samples_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("language", Language)
def test_a_title_fits_a_phone(language: Language) -> None:
    titles = [sample.text(language)[0] for sample in samples()]

    assert [title for title in titles if len(title) > LONGEST_TITLE] == []


def test_both_languages_have_the_same_lines() -> None:
    lengths = [[len(sample.text(language)[1].splitlines()) for language in Language] for sample in samples()]

    assert all(portuguese == english for portuguese, english in lengths)
