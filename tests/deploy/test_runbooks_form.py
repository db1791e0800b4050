"""Every runbook exists in both languages with the same commands and sections, and its links are valid."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.alerts.alert import Kind
from runbooks.pages import FOLDER, LANGUAGES, REPOSITORY, names, page
from runbooks.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = {"git", "kubectl", "openssl", "parse", "product", "psql", "temporal", "variables"}
FOUR = {
    "en": ["Meaning", "Impact", "Diagnosis", "Mitigation"],
    "pt": ["Significado", "Impacto", "Diagnóstico", "Mitigação"],
}
SPECIFIED_COMMANDS = (
    'git tag -a v1.0.1 -m "Release 1.0.1"',
    "git push origin v1.0.1",
    "kubectl get pods -n dict-rate-limit",
    "kubectl logs -f deployment/dict-api -n dict-rate-limit",
    "https://dict-api.lbpay.com/health",
    "https://dict-api.lbpay.com/api/v1/rate-limit/policies",
    "helm rollback dict-rate-limit -n dict-rate-limit",
    "PARTITION OF dict_rate_limit_states FOR VALUES FROM",
    "DROP TABLE IF EXISTS dict_rate_limit_states_2024_09",
    "VACUUM ANALYZE dict_rate_limit_states",
    "VACUUM ANALYZE dict_rate_limit_policies",
)
INCIDENTS = [
    name for name in names() if name.startswith(("alert-", "prometheus-")) or name.endswith(("-down", "-failing"))
]


def every_command(language: str = "en") -> str:
    """Return all commands, with the names of the specification in place of the variables."""
    text = "\n".join(block.text for name in names() for block in page(name, language).blocks if block.run)
    named = {"NAMESPACE": "dict-rate-limit", "API": "https://dict-api.lbpay.com", "VERSION": "1.0.1"}
    for variable, value in named.items():
        text = text.replace(f'"${variable}"', value).replace(f"${variable}", value)
    return text.replace(f'"v{named["VERSION"]}"', f"v{named['VERSION']}").replace('"https://', "https://")


def test_every_runbook_exists_in_both_languages() -> None:
    files = {path.name for path in FOLDER.glob("*.md")} - {"README.md"}

    assert files == {f"{name}.{language}.md" for name in names() for language in LANGUAGES}
    assert names() == sorted(SCENES)


@pytest.mark.parametrize("name", names())
def test_both_languages_have_the_same_blocks(name: str) -> None:
    english, portuguese = (page(name, language).blocks for language in LANGUAGES)

    assert [(block.marks, block.text) for block in english] == [(block.marks, block.text) for block in portuguese]


@pytest.mark.parametrize("name", names())
def test_every_block_has_a_run_mark(name: str) -> None:
    unmarked = [
        block.line
        for block in page(name, "en").blocks
        if not (block.language == "sh" and block.run in RUNS)
        and not (block.language == "text" and block.marks.keys() <= {"expect", "example"} and block.marks)
    ]

    assert unmarked == []


@pytest.mark.parametrize("name", names())
def test_placeholders_are_variables(name: str) -> None:
    commands = "\n".join(block.text for block in page(name, "en").blocks if block.run)

    assert re.findall(r"(?<![<$(])<[a-z-]+>", commands) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", INCIDENTS)
def test_an_incident_page_has_four_sections(name: str, language: str) -> None:
    assert page(name, language).headings == FOUR[language]


def test_every_kind_of_alert_has_a_runbook() -> None:
    kinds = set(Kind) - {Kind.DRILL}  # a test alert needs no runbook
    wanted = {f"alert-{kind.value.lower().replace('_', '-')}" for kind in kinds}

    assert wanted == {name for name in names() if name.startswith("alert-")}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", names())
def test_links_point_to_files(name: str, language: str) -> None:
    broken = [link for link in page(name, language).links if not (FOLDER / link).exists()]

    assert broken == []


def test_the_index_lists_every_page() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert set(re.findall(r"\]\(([^)]+)\)", index)) == {
        f"{name}.{language}.md" for name in names() for language in LANGUAGES
    }


@pytest.mark.parametrize("command", SPECIFIED_COMMANDS)
def test_the_commands_of_the_deployment_specification_are_present(command: str) -> None:
    assert command in every_command()


@pytest.mark.parametrize("name", names())
def test_shellcheck_accepts_the_whole_page(name: str, tool: Callable[[str], str]) -> None:
    script = "#!/bin/bash\n" + "\n".join(block.text for block in page(name, "en").blocks if block.run)
    excluded = "SC1091,SC2034,SC2155,SC2154,SC2251,SC2259"  # files and variables of other blocks, a failure on purpose

    read = subprocess.run(
        [tool("shellcheck"), f"--exclude={excluded}", "--severity=info", "-"],
        input=script,
        check=False,
        capture_output=True,
        text=True,
    )

    assert read.stdout == ""


def test_no_page_contains_a_local_path() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md"))

    assert [word for word in ("/home/", str(REPOSITORY)) if word in pages] == []
