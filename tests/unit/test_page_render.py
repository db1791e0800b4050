from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from dict_rate_limit.apps.api.page.render import HEADERS, render_overview
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.texts.catalog import CATALOGS
from samples.page import CROWDED, HEALTHY, NOTHING, PARTICIPANT, SAMPLES, TROUBLE

VOID = {"meta", "link", "wbr"}
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}'


class Outline(HTMLParser):
    """Rejects badly nested markup and stores every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("sample", SAMPLES)
def test_every_page_is_well_formed_without_script_or_inline_style(sample: str, language: Language) -> None:
    outline = Outline(render_overview(SAMPLES[sample], language).decode())

    names = {name for name, _ in outline.tags}
    attributes = {attribute for _, given in outline.tags for attribute in given}
    assert outline.open == []
    assert not names & {"script", "style", "iframe", "object", "form"}
    assert not {attribute for attribute in attributes if attribute == "style" or attribute.startswith("on")}


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_link_of_a_page_is_local(sample: str) -> None:
    outline = Outline(render_overview(SAMPLES[sample], Language.PT).decode())

    addresses = [given[name] for _, given in outline.tags for name in ("href", "src") if name in given]
    assert addresses
    assert all(re.match(r"static/|\?|#|schema$", address or "") for address in addresses)


@pytest.mark.parametrize("language", Language)
def test_a_page_declares_its_language(language: Language) -> None:
    outline = Outline(render_overview(HEALTHY, language).decode())

    assert outline.of("html") == [{"lang": CATALOGS[language].tag}]


def test_ids_are_unique() -> None:
    outline = Outline(render_overview(TROUBLE, Language.EN).decode())

    ids = [given["id"] for _, given in outline.tags if "id" in given]
    assert len(ids) == len(set(ids))


def test_hostile_text_is_escaped() -> None:
    model = replace(HEALTHY, category=HOSTILE[:40], participant=HOSTILE, participants=(HOSTILE, "a", "b"))

    page = render_overview(model, Language.EN).decode()

    assert "<script>" not in page
    assert "<img" not in page
    assert "&#34;&gt;&lt;script&gt;" in page
    assert "{{ 7*7 }}" in page


def test_every_bucket_is_a_row_with_its_own_header() -> None:
    outline = Outline(render_overview(TROUBLE, Language.EN).decode())

    assert len([given for given in outline.of("th") if given.get("scope") == "row"]) == len(TROUBLE.buckets)


def test_a_bar_has_the_length_of_the_share_left_and_both_thresholds() -> None:
    page = render_overview(TROUBLE, Language.EN).decode()

    assert 'class="fill" width="22.77"' in page
    assert 'x1="10.0" x2="10.0"' in page
    assert 'x1="25.0" x2="25.0"' in page


def test_a_long_name_may_break_after_each_underscore() -> None:
    assert "CIDS_<wbr>FILES_<wbr>WRITE" in render_overview(TROUBLE, Language.EN).decode()


def test_the_page_refreshes_itself_unless_stopped() -> None:
    assert '<meta http-equiv="refresh" content="10">' in render_overview(HEALTHY, Language.PT).decode()
    assert "http-equiv" not in render_overview(CROWDED, Language.PT).decode()


def test_the_title_has_the_state() -> None:
    page = render_overview(NOTHING, Language.PT).decode()

    assert "<title>Ainda sem leitura · Limites do DICT</title>" in page
    assert 'href="static/icon-unknown.svg?v=' in page


def test_one_participant_is_a_name_and_many_are_links() -> None:
    one, many = (render_overview(model, Language.PT).decode() for model in (HEALTHY, TROUBLE))

    assert f"Participante <b>{PARTICIPANT}</b>" in one
    assert '<a href="?participant=07654321&amp;lang=pt">07654321</a>' in many
    assert f'aria-current="page">{PARTICIPANT}</a>' in many


def test_very_many_participants_are_collapsed() -> None:
    outline = Outline(render_overview(CROWDED, Language.PT).decode())

    assert len(outline.of("details")) == 1
    assert len(outline.of("a")) >= len(CROWDED.participants)


def test_the_policy_allows_no_foreign_resource() -> None:
    policy = HEADERS["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; ")
    assert "unsafe" not in policy
