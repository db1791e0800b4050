"""scripts/tools before an installation, and with concurrent or repeated calls."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from tool_box import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = (REPOSITORY / "tools/versions.env").read_text(encoding="utf-8")


def tools(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(REPOSITORY / "scripts/tools"), *words],
        env={"PATH": f"{folder}:{os.defpath}", "HOME": str(folder), "DICT_TOOLS_DIR": str(folder / "tools")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stub_go(folder: Path) -> Path:
    """Create a slow `go` that logs its calls and installs a program."""
    calls = folder / "calls"
    go = folder / "go"
    program = '"$GOBIN/goose"'
    install = f'mkdir -p "$GOBIN"\necho built >{program}\nchmod +x {program}\n'
    go.write_text(f'#!/bin/sh\necho "$@" >>{calls}\nsleep 0.3\n{install}')
    go.chmod(0o755)
    return calls


def test_the_bin_folder_is_printed_without_installing(tmp_path: Path) -> None:
    asked = tools(tmp_path, "--where")

    assert asked.communicate() == (f"{tmp_path}/tools/bin\n", "")
    assert list((tmp_path / "tools/bin").iterdir()) == []


def test_an_unknown_tool_is_rejected_with_the_known_ones(tmp_path: Path) -> None:
    asked = tools(tmp_path, "goose", "helmet")

    assert "no tool is called helmet; there are: goose helm kubeconform" in asked.communicate()[1]
    assert asked.returncode == 2
    assert list((tmp_path / "tools/bin").iterdir()) == []


def test_concurrent_calls_install_a_tool_once(tmp_path: Path) -> None:
    calls = stub_go(tmp_path)

    both = [tools(tmp_path, "goose"), tools(tmp_path, "goose")]
    said = [asked.communicate()[1] for asked in both]

    assert [asked.returncode for asked in both] == [0, 0], said
    assert len(calls.read_text().splitlines()) == 1
    assert (tmp_path / "tools/bin/goose").read_text() == "built\n"


def test_a_failed_build_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "go").write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    (tmp_path / "go").chmod(0o755)

    asked = tools(tmp_path, "goose")

    assert "no network" in asked.communicate()[1]
    assert asked.returncode == 1
    assert [path.name for path in (tmp_path / "tools").iterdir() if path.name != ".goose.lock"] == ["bin"]


FETCHES = """#!/bin/bash
for word; do
    case $word in
        -Dmaven.repo.local=*) store=${word#*=} ;;
        -DoutputDirectory=*) out=${word#*=} ;;
    esac
done
mkdir -p "$store"
echo fetched >"$store/broker.jar"
"""
GIVES = 'mkdir -p "$out"\necho jar >"$out/broker.jar"\n'


def stub_maven(folder: Path, *, fails: bool) -> None:
    """Create a `java`, and a `mvn` that downloads to its store, then returns a jar or fails."""
    for name, script in {"mvn": FETCHES + ("exit 1\n" if fails else GIVES), "java": "#!/bin/sh\n"}.items():
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)


def test_maven_downloads_remain_for_the_next_attempt(tmp_path: Path) -> None:
    stub_maven(tmp_path, fails=True)

    asked = tools(tmp_path, "pulsar")

    asked.communicate()
    assert asked.returncode == 1
    assert len(list((tmp_path / "tools").glob(".maven-*/broker.jar"))) == 1


def test_maven_downloads_are_deleted_after_the_last_attempt(tmp_path: Path) -> None:
    stub_maven(tmp_path, fails=False)

    asked = tools(tmp_path, "pulsar")

    said = asked.communicate()[1]
    assert asked.returncode == 0, said
    assert (tmp_path / "tools/pulsar/jars/broker.jar").read_text() == "jar\n"
    assert list((tmp_path / "tools").glob(".maven-*")) == []


def test_every_version_is_exact() -> None:
    versions = dict(line.split("=", 1) for line in VERSIONS.splitlines() if "_VERSION=" in line)

    assert len(versions) >= 10
    assert [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
