"""Every file, section and decision that a document, docstring or comment names exists."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FOLDERS = "apps|bench|configs|db|docs|helm|k8s|proto|requirements|scripts|src|tests|tools"
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
PATH = re.compile(rf"(?<![\w./:<-])((?:{FOLDERS})/[\w./*,-]*[\w/*])(?:::(\w+))?(?:#([\w-]+))?")
MODULE = re.compile(r"[\w/]+\.(?:py|md|sql|toml|yaml)")
FOLDER = re.compile(r"(?:[a-z_]+/)+")
DECISION = re.compile(r"\bADR (\d+)\b")
ELSEWHERE = re.compile(r"\u00a7|\bdesign\.md\b|\(design[:)]|docs/adr/(?!\d{4}|README)\w")
SOURCES = (".py", ".sql", ".proto", ".sh", ".yaml", ".yml", ".tpl", ".toml", ".env")
PACKAGES = "adapters|apps|bootstrap|contract|domain|ports|serving|settings|simulator|texts|usecases|workflows"
DOTTED = re.compile(rf"`(?:dict_rate_limit\.)?((?:{PACKAGES})(?:\.\w+)+)`")
API_GROUP = "apps/v1"


@cache
def tracked() -> frozenset[str]:
    listing = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, check=True, text=True)  # noqa: S603, S607
    files = set(listing.stdout.splitlines())
    return frozenset(files | {str(folder) for name in files for folder in PurePosixPath(name).parents})


@cache
def names() -> frozenset[str]:
    return frozenset(PurePosixPath(name).name for name in tracked())


@cache
def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8") if (ROOT / name).is_file() else ""


def pages() -> list[str]:
    return sorted(name for name in tracked() if name.endswith((".md", ".gotmpl")))


def sources() -> list[str]:
    return sorted(name for name in tracked() if name.endswith(SOURCES) and not name.startswith("db/migrations/"))


@cache
def sections(page: str) -> frozenset[str]:
    """Return the anchors of a page, as GitHub makes them from its headings."""
    prose = re.sub(r"(?ms)^ *```.*?^ *```", "", text(page))
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return frozenset(re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-") for heading in headings)


def exists(path: str) -> bool:
    path = path.rstrip("/")
    if "*" in path:
        return any(PurePosixPath(name).match(path) for name in tracked())
    return any(place in tracked() for place in (path, f"src/dict_rate_limit/{path}"))


def dead_links(page: str) -> Iterator[str]:
    for target, anchor in LINK.findall(text(page)):
        path = (ROOT / page).parent / target if target else ROOT / page
        if not path.exists():
            yield f"{page}: {target}"
        elif anchor and anchor not in sections(str(path.resolve().relative_to(ROOT))):
            yield f"{page}: {target}#{anchor}"


def dead_paths(name: str, content: str) -> Iterator[str]:
    for path, test, anchor in PATH.findall(content):
        # Tests name files that they make: of those only the documents are references.
        if path == API_GROUP or (name.startswith("tests/") and not path.endswith(".md")):
            continue
        if not exists(path):
            yield f"{name}: {path}"
        elif test and f"def {test}(" not in text(path):
            yield f"{name}: {path}::{test}"
        elif anchor and path.endswith(".md") and anchor not in sections(path):
            yield f"{name}: {path}#{anchor}"


def dead_modules(page: str) -> Iterator[str]:
    for code in CODE.findall(text(page)):
        named = MODULE.fullmatch(code) or FOLDER.fullmatch(code)
        if named and not any(f"/{known}".endswith(f"/{code.rstrip('/')}") for known in tracked()):
            yield f"{page}: {code}"


def dead_names(name: str, content: str) -> Iterator[str]:
    """Dotted names, such as `domain.codec` or `domain.codec.encode_poll`."""
    for dotted in DOTTED.findall(content):
        path = "src/dict_rate_limit/" + dotted.replace(".", "/")
        parent, _, last = path.rpartition("/")
        defined = re.compile(rf"^ *(?:async def |def |class )?{last}\b", re.MULTILINE)
        if not (
            exists(path) or exists(f"{path}.py") or defined.search(text(f"{parent}.py") + text(f"{parent}/__init__.py"))
        ):
            yield f"{name}: {dotted}"


def dead_decisions(name: str, content: str) -> Iterator[str]:
    for number in DECISION.findall(content):
        if not any(known.startswith(f"docs/adr/{int(number):04}-") for known in tracked()):
            yield f"{name}: ADR {number}"
    yield from (f"{name}: {mark}" for mark in ELSEWHERE.findall(content))


def test_every_link_of_a_page_leads_to_a_file_and_a_section() -> None:
    assert [dead for page in pages() for dead in dead_links(page)] == []


def test_every_path_on_a_page_exists() -> None:
    assert [dead for page in pages() for dead in dead_paths(page, "\n".join(CODE.findall(text(page))))] == []


def test_every_module_and_folder_on_a_page_exists() -> None:
    assert [dead for page in pages() for dead in dead_modules(page)] == []


def test_every_document_and_script_that_the_code_names_exists() -> None:
    assert [dead for name in sources() for dead in dead_paths(name, text(name))] == []


def test_every_dotted_name_exists() -> None:
    assert [dead for name in (*pages(), *sources()) for dead in dead_names(name, text(name))] == []


def test_every_decision_that_is_named_exists() -> None:
    assert [dead for name in (*pages(), *sources()) for dead in dead_decisions(name, text(name))] == []


def test_every_code_name_of_the_glossary_exists() -> None:
    rows = text("docs/architecture.md").partition("## Glossary")[2].splitlines()
    words = {
        word for row in rows for code in CODE.findall(row.rpartition(" | ")[2]) for word in re.findall(r"\w+", code)
    }
    code = "\n".join(text(name) for name in tracked() if name.startswith("src/"))

    assert words
    assert sorted(word for word in words if not re.search(rf"\b{word}\b", code)) == []
