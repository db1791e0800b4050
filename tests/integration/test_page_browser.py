"""The page in a real browser, under its own Content-Security-Policy."""

from __future__ import annotations

from os import environ  # noqa: TID251 - whether a missing browser is a failure is for the machine to say
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from chromium import Tab, chromium_tab, find_chromium
from page_server import page_server
from samples.page import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTHS = (1280, 768, 390, 320)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with page_server() as address:
        yield address


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    executable = find_chromium()
    if executable is None:
        if environ.get("CI") == "true" or environ.get("REQUIRE_TOOLS") == "1":
            pytest.fail("chromium is missing: install the package chromium")
        pytest.skip("chromium is not installed")
    with chromium_tab(executable) as tab:
        yield tab


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_browser_console_has_no_errors(tab: Tab, address: str, sample: str) -> None:
    tab.resize(1280, 800)

    tab.open(f"{address}/?sample={sample}&lang=pt")

    assert tab.reported("Log.entryAdded") == []
    assert tab.reported("Audits.issueAdded") == []
    assert tab.reported("Runtime.exceptionThrown") == []


def test_the_page_loads_nothing_from_other_hosts(tab: Tab, address: str) -> None:
    tab.open(f"{address}/?sample=trouble&lang=pt")

    asked = [urlsplit(event["request"]["url"]) for event in tab.reported("Network.requestWillBeSent")]
    assert {f"{url.scheme}://{url.netloc}" for url in asked} == {address}
    assert {"/", "/static/base.css", "/static/overview.css"} <= {url.path for url in asked}


def test_the_content_security_policy_is_enforced(tab: Tab, address: str) -> None:
    tab.open(f"{address}/?sample=healthy&lang=pt")

    tab.evaluate("document.body.insertAdjacentHTML('beforeend', '<p id=p style=\"color: red\">')")

    assert tab.evaluate("document.getElementById('p').style.color") == ""
    assert any("Content Security Policy" in event["entry"]["text"] for event in tab.reported("Log.entryAdded"))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_no_element_is_wider_than_the_screen(tab: Tab, address: str, sample: str, width: int) -> None:
    tab.resize(width, 800)

    tab.open(f"{address}/?sample={sample}&lang=pt")

    assert tab.evaluate("innerWidth") == width
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert tab.evaluate(CLIPPED) == []


CLIPPED = """
[...document.querySelectorAll("main *")]
  .filter((part) => !part.closest("thead, svg") && part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)
  .map((part) => part.outerHTML.slice(0, 80))
"""


def test_a_phone_still_has_a_table_for_screen_readers(tab: Tab, address: str) -> None:
    tab.resize(390, 800)
    tab.open(f"{address}/?sample=trouble&lang=en")

    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]

    roles = [node["role"]["value"] for node in nodes if not node["ignored"]]
    assert roles.count("table") == 1
    assert roles.count("row") == 1 + len(SAMPLES["trouble"].buckets)
    assert roles.count("rowheader") == len(SAMPLES["trouble"].buckets)
    assert roles.count("columnheader") == 6 - 1  # the refill is left out on a phone


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(244, 245, 247)"), ("dark", "rgb(14, 19, 25)")])
def test_the_page_follows_the_preferred_colour_scheme(tab: Tab, address: str, scheme: str, ground: str) -> None:
    tab.prefer(scheme)

    tab.open(f"{address}/?sample=trouble&lang=pt")

    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == ground


def test_the_browser_refreshes_the_page(tab: Tab, address: str) -> None:
    tab.open(f"{address}/?sample=healthy&lang=pt")

    assert tab.evaluate("document.querySelector('meta[http-equiv=refresh]').content") == "10"
    assert tab.reported("Page.frameScheduledNavigation")[-1]["reason"] == "metaTagRefresh"
