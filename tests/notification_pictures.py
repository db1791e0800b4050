"""Takes pictures of notifications as phones show them. It needs Chromium and looks best with the font Inter."""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from html import escape
from pathlib import Path

from chromium import chromium_tab, find_chromium
from dict_rate_limit.domain.notifications.channel import Language
from notification_texts import Sample, samples

FOLDER = Path(__file__).parents[1] / "docs" / "images"
WIDTH = 390

# picture, language, clock, samples of which the title and two lines show, sample that is shown whole
PICTURES = (
    ("notification-phone", Language.PT, "04:07", ("Resolved", "Reminder", "Worse: exhausted"), "Worse: critical"),
    (
        "notification-phone-group",
        Language.EN,
        "03:18",
        ("No reading", "Category changed"),
        "Several alerts in one message",
    ),
)

HEAD = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
STYLE = """
body { margin: 0; padding: 28px 14px; background: #1a2337; font: 14px/1.4 Inter, sans-serif; }
h1 { margin: 0 0 22px; text-align: center; font-weight: 300; font-size: 58px; line-height: 1; color: #fff; }
article { margin-bottom: 10px; padding: 12px 14px; border-radius: 16px; background: #f5f7fae8; color: #14181f; }
small { color: #5a6472; }
b { display: block; margin: 2px 0; font-size: 15px; }
p { margin: 0; white-space: pre-line; overflow-wrap: anywhere; }
.short p { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
"""


def card(sample: Sample, language: Language, style: str) -> str:
    """Render one notification."""
    title, body = sample.text(language)
    return (
        f'<article class="{style}"><small>dict-rate-limit</small><b>{escape(title)}</b><p>{escape(body)}</p></article>'
    )


def page(language: Language, clock: str, short: tuple[str, ...], whole: str) -> str:
    """Render the screen of a locked phone."""
    named = {sample.name: sample for sample in samples()}
    cards = [card(named[name], language, "short") for name in short] + [card(named[whole], language, "whole")]
    return f"{HEAD}<style>{STYLE}</style><h1>{clock}</h1>{''.join(cards)}"


def main() -> None:
    executable = find_chromium()
    if executable is None:
        sys.exit("chromium is missing: install the package chromium")
    with chromium_tab(executable) as tab:
        for name, language, clock, short, whole in PICTURES:
            content = b64encode(page(language, clock, short, whole).encode()).decode()
            tab.resize(WIDTH, 400, scale=2)
            tab.open(f"data:text/html;base64,{content}")
            tab.resize(WIDTH, tab.evaluate("document.documentElement.scrollHeight"), scale=2)
            (FOLDER / f"{name}.png").write_bytes(b64decode(tab.call("Page.captureScreenshot", format="png")["data"]))


if __name__ == "__main__":
    main()
