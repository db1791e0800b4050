"""Every command of every runbook runs, against real servers where possible, and its output is compared."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import psycopg.sql
import pytest

from conftest import DATABASE_NUMBERS, database, open_folder
from runbooks.known_options import rejected_calls
from runbooks.pages import names, page
from runbooks.product import HEALTHY, product
from runbooks.scenes import SCENES
from runbooks.stage import Stage, shows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runbooks.pages import Block
    from runbooks.product import Product

pytestmark = pytest.mark.slow


@dataclass(slots=True, kw_only=True)
class Healthy:
    """The product for all runbooks that begin without a fault. The first of them starts it."""

    server_url: str
    template: str
    stack: ExitStack
    running: Product | None = None

    def product(self) -> Product:
        if self.running is None:
            folder = self.stack.enter_context(open_folder())
            url = self.stack.enter_context(
                database(self.server_url, f"runbooks_{next(DATABASE_NUMBERS)}", template=self.template)
            )
            self.running = self.stack.enter_context(product(folder, url, HEALTHY))
            self.running.begin_fault()
        return self.running


@pytest.fixture(scope="module")
def healthy(postgres_server: str, migrated_template: str) -> Iterator[Healthy]:
    with ExitStack() as stack:
        yield Healthy(server_url=postgres_server, template=migrated_template, stack=stack)


@pytest.mark.parametrize("name", names())
def test_commands_produce_the_documented_output(
    name: str, data_folder: Path, postgres_server: str, migrated_database_url: str, healthy: Healthy
) -> None:
    scene = SCENES[name]
    with ExitStack() as stack:
        running = None
        if scene.fault is HEALTHY:
            running = healthy.product()
        elif scene.fault is not None:
            running = stack.enter_context(product(data_folder, migrated_database_url, scene.fault))
            running.begin_fault()
        url = running.database_url if running else migrated_database_url
        scene.prepare(url)
        folder = data_folder / "stage"
        folder.mkdir()
        stage = Stage(folder=folder, database_url=url, admin_url=postgres_server, product=running, mounts=scene.mounts)
        stage.set()

        difference = run_blocks(stage, page(name, "en").blocks)

        drop_created(postgres_server)
    assert difference == "", difference
    assert rejected_calls(stage.calls()) == []


def drop_created(server_url: str) -> None:
    """Drop the databases and the role that first install and recovery create."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        for name in ("dict", "dict_restored"):
            connection.execute(
                psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(psycopg.sql.Identifier(name))
            )
        connection.execute("DROP ROLE IF EXISTS dict")


def run_blocks(stage: Stage, blocks: list[Block]) -> str:
    """Run the blocks in order; return the first difference from the runbook, or an empty text."""
    code, output = 0, ""
    for block in blocks:
        if block.marks.get("after") == "restored" and stage.product is not None:
            stage.product.end_fault()
        if block.run == "parse":
            code, output = 0, parse_only(block)
        elif block.run is not None:
            code, output = stage.run(block)
        elif "expect" in block.marks and not shows(output, block.text):
            return f"line {block.line}: expected\n{block.text}\nbut it wrote\n{output}"
        if block.run is not None and code != int(block.marks.get("exit", "0")):
            return f"line {block.line}: ended with {code}\n{block.text}\n{output}"
    return ""


def parse_only(block: Block) -> str:
    read = subprocess.run(["/bin/sh", "-n", "-c", block.text], check=False, capture_output=True, text=True)
    assert read.stderr == ""
    return ""
