from __future__ import annotations

import pytest

from dict_rate_limit.apps.api.page_routes import choose_language
from dict_rate_limit.domain.notifications.channel import Language


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        (None, None, Language.PT),
        (None, "", Language.PT),
        (None, "en-US,en;q=0.9", Language.EN),
        (None, "en;q=0.5, pt-BR;q=0.8", Language.PT),
        (None, "pt;q=0.4,en;q=0.6", Language.EN),
        (None, "fr-FR,fr;q=0.9", Language.PT),
        (None, "fr, en;q=0.2", Language.EN),
        (None, "en;q=0", Language.PT),
        (None, "en;q=much, ;;;, *", Language.PT),
        (None, "x" * 100_000 + ",en", Language.PT),
        ("en", "pt-BR", Language.EN),
        ("pt-BR", "en", Language.PT),
        ("EN", None, Language.EN),
        ("tlh", "en", Language.EN),
        ("", None, Language.PT),
    ],
)
def test_the_language_is_that_of_the_url_then_the_browser_then_portuguese(
    asked: str | None, accepted: str | None, language: Language
) -> None:
    assert choose_language(asked, accepted) is language
