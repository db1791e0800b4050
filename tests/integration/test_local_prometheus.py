"""Prometheus beside `up`, where it is installed."""

from __future__ import annotations

import io
import shutil
import time
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest
from rich.console import Console

from dict_rate_limit.apps.local import prometheus
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.apps.local.progress_table import ProgressTable
from dict_rate_limit.apps.local.startup import PROMETHEUS
from dict_rate_limit.settings import load
from samples.worker import eventually
from tool_box import find_tool

if TYPE_CHECKING:
    from pathlib import Path

    from dict_rate_limit.settings import Settings


def wanted(**more: str) -> Settings:
    return load({"OBSERVE": "1", "OBSERVE_PORT": str(free_port()), "METRICS_PORT": str(free_port()), **more})


def progress(console: Console) -> ProgressTable:
    return ProgressTable(console, time.monotonic, [PROMETHEUS])


async def test_prometheus_runs_with_our_rules_and_scrapes_this_product(tmp_path: Path) -> None:
    find_tool("prometheus")
    settings = wanted()

    async with prometheus.local_prometheus(settings, tmp_path / "p", progress(Console(quiet=True))) as address:
        rules = asked(f"http://{address}/api/v1/rules")["groups"]
        await eventually(partial(has_targets, address))
        targets = asked(f"http://{address}/api/v1/targets")["activeTargets"]

    assert address == f"127.0.0.1:{settings.observe_port}"
    assert len(rules) > 5
    assert [target["scrapeUrl"] for target in targets] == [f"http://127.0.0.1:{settings.metrics_port}/metrics"]


async def test_prometheus_is_not_started_by_default(tmp_path: Path) -> None:
    async with prometheus.local_prometheus(load({}), tmp_path / "p", progress(Console(quiet=True))) as address:
        assert address is None

    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(("missing", "said"), [("program", "not installed"), ("rules", "from a checkout")])
async def test_a_missing_prometheus_is_noted_in_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, said: str
) -> None:
    where = None if missing == "program" else "/bin/true"
    monkeypatch.setattr(shutil, "which", lambda _: where)
    monkeypatch.setattr(prometheus, "CONFIGURATION", tmp_path / "nowhere")
    console = Console(record=True, width=100, file=io.StringIO())
    shown = progress(console)

    async with prometheus.local_prometheus(wanted(), tmp_path / "p", shown) as address:
        console.print(shown.table())

    assert address is None
    assert said in console.export_text()


async def has_targets(address: str | None) -> bool:
    return bool(asked(f"http://{address}/api/v1/targets")["activeTargets"])


def asked(url: str) -> dict[str, list[dict[str, str]]]:
    data: dict[str, list[dict[str, str]]] = httpx.get(url, timeout=5, trust_env=False).json()["data"]
    return data
