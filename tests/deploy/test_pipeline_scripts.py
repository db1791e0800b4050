from __future__ import annotations

import base64
import shutil
from typing import TYPE_CHECKING

import pytest

from pipeline.stubs import IMAGES, REFERENCES, REPOSITORY, Stage, StubAnswer

if TYPE_CHECKING:
    from pathlib import Path

VERSIONED = ("pyproject.toml", "helm/Chart.yaml", "helm/values.yaml")
TAGGED = {**IMAGES, "GITHUB_REPOSITORY": "lbpay/dict-rate-limit", "GITHUB_REF": "refs/tags/v1.0.1"}
KUBECONFIG = "apiVersion: v1\nkind: Config\nclusters: []\nusers: [{user: {token: very-secret}}]\n"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.built(tmp_path)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Copy the files with the version, and the scripts that change and check it."""
    for name in (*VERSIONED, "scripts/version", "scripts/deploy/version-from-tag"):
        copy = tmp_path / "tree" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, copy)
    return tmp_path / "tree"


@pytest.mark.parametrize(("tag", "version"), [("v1.0.1", "1.0.1"), ("v0.10.0-rc.1", "0.10.0-rc.1")])
def test_a_version_is_its_tag_without_the_v(stage: Stage, tree: Path, tag: str, version: str) -> None:
    written = stage.step([str(tree / "scripts/version"), version], {})
    ran = stage.step([str(tree / "scripts/deploy/version-from-tag"), tag], {})

    assert (written.code, ran.code) == (0, 0), written.stderr + ran.stderr
    assert stage.outputs == {"version": version}
    assert [(tree / name).read_text(encoding="utf-8").count(f"{version}") for name in VERSIONED] == [1, 2, 3]


def test_a_tag_that_differs_from_the_tree_is_rejected(stage: Stage) -> None:
    ran = stage.run("version-from-tag", "v9.9.9")

    assert ran.code == 65
    assert "run scripts/version 9.9.9, commit, and tag that commit" in ran.stderr
    assert stage.outputs == {}


@pytest.mark.parametrize("version", ["v1.0.1", "1.0", "1.0.1+build"])
def test_only_a_semantic_version_is_written_into_the_tree(stage: Stage, tree: Path, version: str) -> None:
    before = [(tree / name).read_text(encoding="utf-8") for name in VERSIONED]

    ran = stage.step([str(tree / "scripts/version"), version], {})

    assert ran.code == 64
    assert [(tree / name).read_text(encoding="utf-8") for name in VERSIONED] == before


@pytest.mark.parametrize("tag", ["1.0.1", "v1.0", "v01.0.0", "v1.0.1+build", "version-2", "v1.0.1-", "v1.0.1;id"])
def test_a_tag_that_is_not_a_version_is_rejected(stage: Stage, tag: str) -> None:
    ran = stage.run("version-from-tag", tag)

    assert ran.code == 64
    assert f"tag {tag}: expected vMAJOR.MINOR.PATCH" in ran.stderr
    assert stage.outputs == {}


def test_every_pushed_digest_is_signed(stage: Stage) -> None:
    ran = stage.run("sign-images", env=IMAGES)

    assert ran.code == 0
    assert stage.calls == [["cosign", "sign", "--yes", reference] for reference in REFERENCES]


@pytest.mark.parametrize(
    ("variable", "image"),
    [
        ("DIGEST_DICT_API", "dict-api"),
        ("DIGEST_ORCHESTRATION_WORKER", "orchestration-worker"),
        ("DIGEST_MIGRATIONS", "dict-migrations"),
    ],
)
def test_nothing_is_signed_while_a_digest_is_missing(stage: Stage, variable: str, image: str) -> None:
    ran = stage.run("sign-images", env={**IMAGES, variable: ""})

    assert ran.code == 65
    assert f"digest of {image}: expected sha256:<64 hex digits>, not ''" in ran.stderr
    assert stage.calls == []


@pytest.mark.parametrize("digest", ["latest", "sha256:abc", "a" * 64])
@pytest.mark.parametrize("script", ["check-signatures", "release"])
def test_an_invalid_digest_releases_nothing(stage: Stage, script: str, digest: str) -> None:
    ran = stage.run(script, env={**TAGGED, "VERSION": "1.0.1", "DIGEST_MIGRATIONS": digest})

    assert ran.code == 65
    assert f"digest of dict-migrations: expected sha256:<64 hex digits>, not '{digest}'" in ran.stderr
    assert stage.calls == []


def test_a_failing_signature_stops_the_pipeline(stage: Stage) -> None:
    stage.answers(StubAnswer(to="orchestration-worker@", code=3))

    ran = stage.run("sign-images", env=IMAGES)

    assert ran.code == 3
    assert len(stage.calls) == 2


def test_signatures_must_come_from_this_workflow_at_this_tag(stage: Stage) -> None:
    ran = stage.run("check-signatures", env=TAGGED)

    assert ran.code == 0
    assert stage.calls == [
        [
            "cosign",
            "verify",
            "--certificate-identity",
            "https://github.com/lbpay/dict-rate-limit/.github/workflows/deploy.yml@refs/tags/v1.0.1",
            "--certificate-oidc-issuer",
            "https://token.actions.githubusercontent.com",
            reference,
        ]
        for reference in REFERENCES
    ]


def test_an_unsigned_image_is_not_released(stage: Stage) -> None:
    stage.answers(StubAnswer(to="/dict-migrations@", code=12))

    ran = stage.run("check-signatures", env=TAGGED)

    assert ran.code == 65
    assert f"{REFERENCES[2]} is not signed by deploy.yml" in ran.stderr


def test_the_kubeconfig_is_stored_for_later_steps_and_readable_only_by_its_owner(stage: Stage) -> None:
    ran = stage.run("setup-kubeconfig", env={"KUBECONFIG_BASE64": encoded(KUBECONFIG)})

    file = stage.folder / "kubeconfig"
    assert ran.code == 0
    assert file.read_text(encoding="utf-8") == KUBECONFIG
    assert file.stat().st_mode & 0o777 == 0o600
    assert stage.variables == {"KUBECONFIG": str(file)}
    assert "very-secret" not in ran.stdout + ran.stderr


def test_a_missing_kubeconfig_secret_is_named(stage: Stage) -> None:
    ran = stage.run("setup-kubeconfig", env={"KUBECONFIG_BASE64": ""})

    assert ran.code != 0
    assert "the secret KUBECONFIG is missing: add it to the environment production" in ran.stderr


@pytest.mark.parametrize("secret", ["very-secret: not base64!", encoded("very-secret and no kubeconfig")])
def test_an_invalid_kubeconfig_secret_is_rejected_and_never_printed(stage: Stage, secret: str) -> None:
    ran = stage.run("setup-kubeconfig", env={"KUBECONFIG_BASE64": secret})

    assert ran.code == 78
    assert "the secret KUBECONFIG is not a base64 kubeconfig" in ran.stderr
    assert "very-secret" not in ran.stdout + ran.stderr
    assert not (stage.folder / "kubeconfig").exists()
    assert stage.variables == {}


def test_the_kubeconfig_is_removed_at_the_end(stage: Stage) -> None:
    (stage.folder / "kubeconfig").touch()

    codes = [stage.run("remove-kubeconfig").code for _ in range(2)]

    assert codes == [0, 0]
    assert not (stage.folder / "kubeconfig").exists()
