"""Serves the pages over HTTP from sample models."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from dict_rate_limit.apps.api.page.render import HEADERS, assets, render_overview
from dict_rate_limit.apps.api.page_routes import choose_language
from samples.page import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator


class PageHandler(BaseHTTPRequestHandler):
    """`/?sample=NAME&lang=LANGUAGE` and `/static/NAME`."""

    def do_GET(self) -> None:
        """Send a page or a file."""
        url = urlsplit(self.path)
        if url.path.startswith("/static/"):
            asset = assets()[url.path.removeprefix("/static/")]
            self._send(asset.body, {"Content-Type": asset.media_type})
            return
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        language = choose_language(query.get("lang"), self.headers["Accept-Language"])
        self._send(render_overview(SAMPLES[query["sample"]], language), dict(HEADERS))

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def _send(self, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def page_server() -> Iterator[str]:
    """Serve on a free local port. Yields the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), PageHandler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
