"""The documentation agrees with the code: reference pages, commands, targets of make, links and paths."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate import REFERENCE, command_names, pages

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(path for path in sorted((ROOT / "docs").rglob("*.md")) if path.parent != REFERENCE),
]
CODE = [
    "cli",
    "common",
    "config",
    "db",
    "flows",
    "labelscope",
    "ml",
    "report",
    "services",
    "sources",
    "bench",
    "tests",
]


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_reference_page_is_what_make_docs_writes(name: str) -> None:
    assert (REFERENCE / name).read_text() == pages()[name], "Run `make docs`."


def test_no_other_page_lies_among_the_reference_pages() -> None:
    assert {path.name for path in REFERENCE.iterdir()} == set(pages())


def test_every_command_in_the_docs_exists() -> None:
    commands = set(command_names())
    first_words = {name.split()[0] for name in commands}
    for path, line in _code_lines():
        for call in re.findall(r"(?:^|[ `(=])labelscope ((?:db )?[a-z]+)", line):
            assert call in commands or call in first_words, f"{path.name}: {line}"


def test_every_target_of_make_in_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path, line in _code_lines():
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", line):
            assert target in targets, f"{path.name}: {line}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_paths_of_a_page_lead_somewhere(path: Path) -> None:
    text = path.read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []
    files = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|toml|sql))`", text)
    assert [
        file for file in files if not any((folder / file).exists() for folder in (ROOT, ROOT / "tests"))
    ] == []


def test_every_page_that_the_code_names_exists() -> None:
    files = [file for folder in CODE for file in (ROOT / folder).rglob("*.py")]
    files += [ROOT / name for name in ("docker-compose.yml", "Dockerfile", ".env.example", "Makefile")]
    for file in files:
        for page in re.findall(r"docs/[a-z/-]+\.md", file.read_text()):
            assert (ROOT / page).exists(), f"{file.relative_to(ROOT)} names {page}"


def test_the_readme_fits_its_length() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def _code_lines() -> Iterator[tuple[Path, str]]:
    """Each line of a block of code, and each `code` within a sentence."""
    for path in DOCUMENTS:
        inside = False
        for line in path.read_text().splitlines():
            if line.startswith("```"):
                inside = not inside
            elif inside:
                yield path, line
            else:
                for code in re.findall(r"`[^`]+`", line):
                    yield path, code
