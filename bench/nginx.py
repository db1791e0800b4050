"""nginx with a fixed response, to compare the API with."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx

from bench.command import running, tool
from bench.stack import answers
from dict_rate_limit.apps.local.port import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

FILE = "list.json"
OWN_HEADERS = {"connection", "content-length", "content-type", "date", "server", "transfer-encoding"}

# One process, like the API. The file stays open and the kernel sends it.
CONFIGURATION = """
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max=16;
    etag off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    default_type application/json;
    server {{
        listen {address};
        root {folder}/www;
{headers}
    }}
}}
"""


@asynccontextmanager
async def nginx_serving(body: bytes, headers: Mapping[str, str], folder: Path) -> AsyncIterator[tuple[str, int]]:
    """Serve the body with the headers on a free port; yield the URL and the process id.

    Raises:
        MissingToolError: nginx is not installed.
    """
    program = tool("nginx")
    address = f"{LOOPBACK}:{free_port()}"
    url = f"http://{address}/{FILE}"
    (folder / "www").mkdir(parents=True)
    (folder / "www" / FILE).write_bytes(body)
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(address=address, folder=folder, headers=_lines(headers)))
    command = (program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration))
    async with httpx.AsyncClient() as client, running(command, folder, {}, lambda: answers(client, url)) as child:
        yield url, child.pid


def _lines(headers: Mapping[str, str]) -> str:
    passed = ((name, value) for name, value in headers.items() if name.lower() not in OWN_HEADERS)
    return "\n".join(f"        add_header {name} {_quoted(value)};" for name, value in passed)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "")
    return f'"{escaped}"'
