"""Servers for tests. Each starts once per test process, when a test first needs it."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import pytest

from tmpfs_dir import tmpfs_dir
from tool_box import find_data, find_tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractAsyncContextManager

    from broker.server import Broker

T = TypeVar("T")

DATABASE_NUMBERS = itertools.count(1)
TEMPLATE = "migrated"


@contextmanager
def entered(server: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Enter an async context from synchronous code, on an event loop of its own."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        value = runner.run(server.__aenter__())
        try:
            yield value
        finally:
            runner.run(server.__aexit__(None, None, None))


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder for servers."""
    # PostgreSQL runs without privileges and its socket needs a short path: pytest's tmp_path has neither.
    folder = Path(tempfile.mkdtemp(prefix="drl-", dir=tmpfs_dir()))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Folder of the servers of this test process."""
    with open_folder() as folder:
        yield folder


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """Folder for the servers of this test."""
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[str]:
    """URL of the database "postgres" of a server for this test process."""
    from dict_rate_limit.apps.local.postgres import NOT_DURABLE, embedded_postgres  # noqa: PLC0415 -- only tests that need it pay for it

    with entered(embedded_postgres(server_folder / "postgres", NOT_DURABLE)) as url:
        yield url


@contextmanager
def database(server_url: str, name: str, *, template: str = "template1") -> Iterator[str]:
    import psycopg  # noqa: PLC0415 -- only tests that need it pay for it

    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(
            psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                *map(psycopg.sql.Identifier, (name, template))
            )
        )
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
        admin.execute(psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(psycopg.sql.Identifier(name)))


@pytest.fixture
def database_url(postgres_server: str) -> Iterator[str]:
    """URL of an empty database for this test."""
    with database(postgres_server, f"test_{next(DATABASE_NUMBERS)}") as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(postgres_server: str) -> Iterator[str]:
    """Name of a database with all migrations applied, to copy from."""
    from dict_rate_limit.adapters.postgres.migrations.runner import up  # noqa: PLC0415 -- only tests that need it pay for it

    with database(postgres_server, TEMPLATE) as url:
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(up(url))
        yield TEMPLATE


@pytest.fixture
def migrated_database_url(postgres_server: str, migrated_template: str) -> Iterator[str]:
    """URL of a database for this test with all migrations applied."""
    with database(postgres_server, f"test_{next(DATABASE_NUMBERS)}", template=migrated_template) as url:
        yield url


@pytest.fixture(scope="session")
def valkey_addr() -> Iterator[str]:
    """Address "127.0.0.1:port" of a Valkey for this test process; it contains the data of earlier tests."""
    from dict_rate_limit.apps.local.valkey import embedded_valkey  # noqa: PLC0415 -- only tests that need it pay for it

    with entered(embedded_valkey(None)) as address:
        yield address


@pytest.fixture
def valkey(valkey_addr: str) -> str:
    """Address of an empty Valkey."""
    import redis  # noqa: PLC0415 -- only tests that need it pay for it

    host, _, port = valkey_addr.partition(":")
    with redis.Redis(host=host, port=int(port)) as client:
        client.flushall()
    return valkey_addr


@pytest.fixture(scope="session")
def temporal_address(server_folder: Path) -> Iterator[str]:
    """Address "127.0.0.1:port" of a Temporal dev server for this test process, with the namespace "dict"."""
    from dict_rate_limit.apps.local.temporal import embedded_temporal  # noqa: PLC0415 -- only tests that need it pay for it

    with entered(embedded_temporal(server_folder / "temporal")) as address:
        yield address


@pytest.fixture(scope="session")
def pulsar_broker(server_folder: Path) -> Iterator[Broker]:
    """A Pulsar broker for this test process; it has the topics of earlier tests."""
    from broker.server import configure_broker, running_broker  # noqa: PLC0415 -- only tests that need it pay for it

    find_tool("java")
    find_data("pulsar/jars")
    broker = configure_broker(server_folder / "pulsar")
    with entered(running_broker(broker)):
        yield broker
