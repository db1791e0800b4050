"""One version: that of pyproject.toml, in the chart too."""

from __future__ import annotations

import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_the_chart_has_the_version_of_the_package() -> None:
    chart = yaml.safe_load((ROOT / "helm/Chart.yaml").read_text(encoding="utf-8"))

    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)


def test_the_chart_installs_the_images_of_its_version() -> None:
    values = yaml.safe_load((ROOT / "helm/values.yaml").read_text(encoding="utf-8"))

    assert {image["tag"] for image in values["image"].values() if isinstance(image, dict)} == {VERSION}
