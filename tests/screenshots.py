"""Takes the pictures of the documentation: python tests/screenshots.py FOLDER."""

from __future__ import annotations

import sys
from base64 import b64decode
from pathlib import Path

from chromium import Tab, chromium_tab, find_chromium
from page_server import page_server

# name, sample, language, colour scheme, width, height
PICTURES = (
    ("page-healthy", "healthy", "pt", "light", 1280, 720),
    ("page-trouble", "trouble", "pt", "light", 1280, 860),
    ("page-trouble-dark", "trouble", "en", "dark", 1280, 860),
    ("page-stale", "stale", "en", "light", 1280, 560),
    ("page-healthy-phone", "healthy", "pt", "light", 390, 844),
    ("page-trouble-phone", "trouble", "pt", "light", 390, 1240),
    ("page-trouble-phone-dark", "trouble", "en", "dark", 390, 844),
)


def take(tab: Tab, address: str, picture: tuple[str, str, str, str, int, int]) -> bytes:
    """Return one picture as PNG."""
    _, sample, language, scheme, width, height = picture
    tab.prefer(scheme)
    tab.resize(width, height)
    tab.open(f"{address}/?sample={sample}&lang={language}")
    return b64decode(tab.call("Page.captureScreenshot", format="png")["data"])


def main(folder: Path) -> None:
    executable = find_chromium()
    if executable is None:
        sys.exit("chromium is missing: install the package chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with page_server() as address, chromium_tab(executable) as tab:
        for picture in PICTURES:
            (folder / f"{picture[0]}.png").write_bytes(take(tab, address, picture))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
