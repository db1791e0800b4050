"""Rules of the Dockerfiles, checked without a build."""

from __future__ import annotations

import re

from tool_box import REPOSITORY

DOCKERFILES = {
    name: (REPOSITORY / "apps" / name / "Dockerfile").read_text(encoding="utf-8")
    for name in ("dict", "orchestration-worker", "migrations")
}
INSTALL = re.compile(r"\bpip\b.* install ")
PINNED = re.compile(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}")


def stages(text: str) -> dict[str, str]:
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    parts = re.split(r"^FROM (?:.+ AS )?(\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_all_images_share_the_build_of_the_wheel_and_the_root() -> None:
    api, worker, migrations = ((stages(text)["build"], stages(text)["root"]) for text in DOCKERFILES.values())

    assert api == worker == migrations
    assert "pip wheel" in api[0]


def test_every_stage_starts_from_an_argument_or_from_another_stage() -> None:
    bases = {base for text in DOCKERFILES.values() for base in re.findall(r"^FROM (\S+)", text, flags=re.MULTILINE)}

    assert bases == {"${PYTHON_IMAGE}", "${GO_IMAGE}", "build", "scratch"}


def test_bases_are_pinned_by_digest_in_one_file() -> None:
    versions = (REPOSITORY / "tools/versions.env").read_text(encoding="utf-8")

    pinned = dict(line.split("=", 1) for line in versions.splitlines() if "_IMAGE=" in line)

    assert set(pinned) == {"PYTHON_IMAGE", "GO_IMAGE"}
    assert all(PINNED.fullmatch(image) for image in pinned.values())
    assert not any("sha256:" in text for text in DOCKERFILES.values())


def test_packages_are_installed_by_hash_only() -> None:
    installs = [line for text in DOCKERFILES.values() for line in text.splitlines() if INSTALL.search(line)]

    unhashed = [line for line in installs if "--require-hashes" not in line and "--no-index" not in line]

    assert len(installs) >= len(DOCKERFILES) * 3
    assert unhashed == []


def test_a_build_context_contains_named_files_only() -> None:
    first, *others = [
        line
        for line in (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]

    assert first == "*"
    assert {line for line in others if line.startswith("!")} == {
        "!apps",
        "!db/migrations",
        "!pyproject.toml",
        "!LICENSE",
        "!README.md",
        "!requirements",
        "!src",
    }
