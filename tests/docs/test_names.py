"""What the pages name is there: files, models, and what their links lead to."""

import importlib.util
import re
from pathlib import Path

import pytest
from support.workplace import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
# The examples of CONTRIBUTING.md and of the summaries' page are followed by making these.
MADE_BY_THE_READER = {
    "stg_lake__events.sql",
    "stg_lake__events.yml",
    "models/marts/kind_days.sql",
    "models/marts/kind_days.yml",
    "local.yml",
}
FILE = re.compile(r"[\w./-]+\.(?:sql|yml|py|md|toml|j2|in)")
MODEL = re.compile(r"(?:stg_lake__|int_)\w+")


@pytest.fixture(scope="module")
def files() -> list[str]:
    """Every file of the repository, by its path."""
    visible = [path for path in ROOT.iterdir() if not path.name.startswith(".")]
    inside = [file for folder in visible for file in folder.rglob("*")]
    return [file.relative_to(ROOT).as_posix() for file in (*visible, *inside) if file.is_file()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_models_that_a_page_names_exist(page: Path, files: list[str]) -> None:
    named = set(re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")))
    named_files = {name for name in named if FILE.fullmatch(name)} - MADE_BY_THE_READER
    missing = {
        name for name in named_files if not any(f"/{file}".endswith(f"/{name}") for file in files)
    }
    models = {Path(file).stem for file in files if file.endswith((".sql", ".py"))}
    assert missing | {name for name in named if MODEL.fullmatch(name)} - models == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_to_files_and_headings(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not heading or heading in headings(target), link


def test_drivers_of_addresses_that_pages_show_are_installed() -> None:
    pages = [page.read_text(encoding="utf-8") for page in PAGES]
    drivers = {driver for page in pages for driver in re.findall(r"\w+\+(\w+)://", page)}
    assert drivers
    assert [driver for driver in drivers if not importlib.util.find_spec(driver)] == []


def test_the_lakes_contract_names_every_field_that_exports_add() -> None:
    macro = (ROOT / "macros" / "record_json.sql").read_text(encoding="utf-8")
    added = re.findall(r"'(\w+)'", macro.partition("{%- endmacro %}")[0])
    named = re.findall(r"`(\w+)`", (ROOT / "docs" / "lake.md").read_text(encoding="utf-8"))
    assert len(added) > 10
    assert set(added) - set(named) == set()


def headings(page: Path) -> set[str]:
    """The names by which links know the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
