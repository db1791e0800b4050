"""Runs the images in containers, with their own user, a read-only root and separate namespaces."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from containers import configuration, ended, running
from dict_rate_limit.adapters.postgres.migrations.goose import shipped_migrations
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.apps.local.postgres import NOT_DURABLE, embedded_postgres
from postgres_database import values

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOWHERE = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_ADDR": "127.0.0.1:1",
    "BRIDGE_GRPC_ADDRESS": "127.0.0.1:1",
    "TEMPORAL_HOST": "127.0.0.1:1",
    "PULSAR_BROKER_URL": "pulsar://127.0.0.1:1",
}
THE_TEXTS_COMMAND = ("/bin/sh", "-c", 'goose -dir /migrations postgres "${DATABASE_URL}" up\n')


pytestmark = pytest.mark.usefixtures("images")


@asynccontextmanager
async def database_on_tcp(folder: Path) -> AsyncIterator[str]:
    """Yield the DATABASE_URL of a real PostgreSQL for a container on the host's network."""
    port = free_port()
    listen = ("listen_addresses=127.0.0.1", f"port={port}")
    async with embedded_postgres(folder / "postgres", (*NOT_DURABLE, *listen)):
        yield f"postgres://postgres:password@127.0.0.1:{port}/postgres?sslmode=prefer"


def in_migrations(*command: str, url: str) -> tuple[int, str]:
    done = ended("dict-migrations", *command, environment={"DATABASE_URL": url}, on_host_network=True)
    return done.returncode, done.stdout + done.stderr


def test_the_api_answers_its_health_check_and_ends_on_sigterm(tmp_path: Path) -> None:
    check = configuration("dict-api")["Healthcheck"]["Test"][1]

    with running("dict-api", NOWHERE, tmp_path) as container:
        container.wait_for("/bin/sh", "-c", check)
        status = container.run("/bin/cat", "/proc/1/status").stdout
        mounts = container.run("/bin/cat", "/proc/1/mounts").stdout
        code = container.terminate()

    assert re.search(r"^Uid:\t1000\t1000\t1000\t1000$", status, re.MULTILINE)
    assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
    assert re.search(r"^\S+ / \S+ ro,", mounts, re.MULTILINE)
    assert code == 0, container.log.read_text()


def test_a_stopped_api_fails_its_health_check() -> None:
    check = configuration("dict-api")["Healthcheck"]["Test"][1]

    assert ended("dict-api", "/bin/sh", "-c", check).returncode == 1


def test_the_health_check_follows_the_port(tmp_path: Path) -> None:
    check = configuration("dict-api")["Healthcheck"]["Test"][1]

    with running("dict-api", {**NOWHERE, "PORT": "8081"}, tmp_path) as container:
        container.wait_for("/bin/sh", "-c", check)

        assert container.run("dict-rate-limit", "health", "--url", "http://127.0.0.1:8080/health").returncode == 1


@pytest.mark.parametrize("image", ["dict-api", "orchestration-worker"])
def test_a_server_without_configuration_reports_all_missing_settings(image: str) -> None:
    done = ended(image)

    assert done.returncode == 78
    assert "error: DATABASE_URL: not set, expected postgresql://" in done.stderr
    assert "error: REDIS_ADDR: not set, expected host:port" in done.stderr
    assert "error: BRIDGE_GRPC_ADDRESS: not set, expected host:port" in done.stderr


def test_the_worker_is_alive_without_its_dependencies_and_ends_on_sigterm(tmp_path: Path) -> None:
    with running("orchestration-worker", NOWHERE, tmp_path) as container:
        container.wait_for("dict-rate-limit", "health", "--url", "http://127.0.0.1:9090/health")
        code = container.terminate()

    assert code == 0, container.log.read_text()


async def test_the_specified_command_migrates_a_database_repeatedly(data_folder: Path) -> None:
    async with database_on_tcp(data_folder) as url:
        first, said = in_migrations(*THE_TEXTS_COMMAND, url=url)
        second, repeated = in_migrations(*THE_TEXTS_COMMAND, url=url)
        applied = values(url, "SELECT version_id FROM goose_db_version WHERE version_id > 0 ORDER BY 1")

    assert first == 0, said
    assert second == 0, repeated
    assert "no migrations to run" in repeated
    assert applied == list(range(1, len(shipped_migrations()) + 1))


async def test_the_images_own_command_migrates_too(data_folder: Path) -> None:
    async with database_on_tcp(data_folder) as url:
        code, said = in_migrations(url=url)
        status, states = in_migrations("dict-rate-limit", "migrate", "status", url=url)

    assert (code, status) == (0, 0), said + states
    assert "pending" not in states.lower()


async def test_the_dump_programs_are_no_older_than_the_server(data_folder: Path) -> None:
    async with database_on_tcp(data_folder) as url:
        [server] = values(url, "SHOW server_version_num")
        versions = in_migrations("/bin/sh", "-c", "psql --version; pg_dump --version; pg_restore --version", url=url)[1]
        code, dump = in_migrations("pg_dump", "--schema-only", url, url=url)

    majors = re.findall(r"PostgreSQL\) (\d+)", versions)
    assert len(majors) == 3
    assert {int(major) >= int(str(server)) // 10_000 for major in majors} == {True}
    assert code == 0, dump


async def test_the_dump_programs_can_require_tls(data_folder: Path) -> None:
    async with database_on_tcp(data_folder) as url:
        code, said = in_migrations("psql", url.replace("prefer", "require"), "-c", "SELECT 1", url=url)

    assert code == 2
    assert "server does not support SSL, but SSL was required" in said
