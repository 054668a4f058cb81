"""The page of promises names tests that exist."""

import ast
import re

from support.workplace import ROOT

PAGE = ROOT / "docs" / "promises.md"


def test_every_test_that_the_page_names_exists() -> None:
    defined = {
        node.name
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8")))
    assert len(named) > 30
    assert named <= defined


def test_every_fault_has_its_row() -> None:
    rows = re.findall(r"^\| (\d+) \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [int(number) for number in rows] == [*range(1, 33)]
