"""The examples in docstrings say what the code does."""

import doctest
import importlib
from pathlib import Path

import pytest
from support.workplace import ROOT

PACKAGE = ROOT / "dbt_project"
WITH_EXAMPLES = [file for file in sorted(PACKAGE.rglob("*.py")) if ">>>" in file.read_text()]


@pytest.mark.parametrize("file", WITH_EXAMPLES, ids=lambda file: file.stem)
def test_the_examples_of_a_module_hold(file: Path) -> None:
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
