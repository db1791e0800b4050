from __future__ import annotations

import re

import pytest

from dict_rate_limit.apps.api.page.render import asset_href, assets
from dict_rate_limit.texts.catalog.schema import DisplayStatus

TEXT_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
INKS = (*(status.value for status in DisplayStatus), "text", "muted", "link")
SCHEMES = {"light": 0, "dark": 1, "print": 2}


def test_styles_and_pictures_have_their_media_types() -> None:
    assert assets()["base.css"].media_type == "text/css; charset=utf-8"
    assert assets()["icon-ok.svg"].media_type == "image/svg+xml"


def test_every_status_has_a_picture() -> None:
    assert {f"icon-{status.value}.svg" for status in DisplayStatus} <= assets().keys()


def test_the_address_of_a_file_changes_with_its_content() -> None:
    hrefs = {asset_href(name) for name in assets()}

    assert len({href.partition("?v=")[2] for href in hrefs}) == len(assets())
    assert asset_href("base.css") == f"static/base.css?v={assets()['base.css'].etag.strip(chr(34))}"


def test_no_file_loads_another() -> None:
    for name, asset in assets().items():
        assert not re.search(rb"url\(|@import|href=|<script|<style", asset.body), name


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_has_enough_contrast_on_every_background(scheme: str) -> None:
    colours = palette(scheme)

    for ink in INKS:
        grounds = [colours["surface"], colours["ground"]]
        grounds += [colours[f"{ink}-wash"]] if f"{ink}-wash" in colours else []
        grounds += [colours[f"{status.value}-wash"] for status in DisplayStatus] if ink in {"text", "muted"} else []
        assert min(contrast(colours[ink], ground) for ground in grounds) >= TEXT_CONTRAST, ink


def palette(scheme: str) -> dict[str, str]:
    """Return the colours of a scheme by name, with those of the first as defaults."""
    roots = re.findall(r":root \{(.*?)\}", assets()["base.css"].body.decode(), re.DOTALL)
    colours: dict[str, str] = {}
    for root in {roots[0]: None, roots[SCHEMES[scheme]]: None}:
        colours |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", root))
    return colours


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    red, green, blue = (linear(int(digits[at : at + 2], 16) / 255) for at in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
