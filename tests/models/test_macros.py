"""Macros are described as they are, and their examples are true."""

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.warm_python import run_script
from support.workplace import DBT, ROOT, Build, environment_without_settings

SIGNATURE = re.compile(r"\{%-? (?:macro|test|materialization) \w+(?:\((.*?)\))?")
# `call` renders `text`; `call` gives `value`, where the text is SQL
EXAMPLE = re.compile(r"Example: `(.+?)` (renders|gives) `(.+?)`")
Macro = dict[str, Any]


@pytest.fixture(scope="module")
def macros(embedded_day: Build) -> list[Macro]:
    manifest = json.loads((embedded_day.lake.parent / "target" / "manifest.json").read_text())
    return [macro for macro in manifest["macros"].values() if macro["package_name"] == "etml"]


def test_a_macro_says_what_it_is_returns_and_is_used_like(macros: list[Macro]) -> None:
    assert macros
    for macro in macros:
        for word in (" Returns ", "Example: `"):
            assert word in macro["description"], macro["name"]


def test_a_macro_s_arguments_are_described_as_they_are(macros: list[Macro]) -> None:
    for macro in macros:
        signature = SIGNATURE.search(macro["macro_sql"])
        assert signature, macro["name"]
        taken = [name.split("=")[0].strip() for name in (signature[1] or "").split(",")]
        if macro["name"].startswith("materialization"):
            taken = [""]
        told = [argument["name"] for argument in macro["arguments"]]
        assert told == [name for name in taken if name], macro["name"]
        assert all(argument["description"] for argument in macro["arguments"]), macro["name"]


def test_a_macro_s_example_is_true(macros: list[Macro], tmp_path: Path) -> None:
    examples = [
        (macro["name"], *example)
        for macro in macros
        for example in EXAMPLE.findall(macro["description"])
    ]
    assert len(examples) > len(macros) / 2
    rendered = render([call for _, call, _, _ in examples], tmp_path)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for (name, _, verb, expected), text in zip(examples, rendered, strict=True):
            if verb == "gives":
                ((text,),) = connection.execute(f"select ({text})::varchar").fetchall()
            assert " ".join(text.split()) == expected, name


def render(calls: list[str], folder: Path) -> list[str]:
    """What dbt makes of calls of macros, for the embedded day."""
    places = {"LAKE_URL": "lake", "LAKE_OUTPUT_URL": "lake", "WAREHOUSE_DIR": str(folder)}
    compiled = run_script(
        DBT,
        *("--quiet", "compile", "--vars", "date: 20230501"),
        *("--inline", "\x1e".join(f"{{{{ {call} }}}}" for call in calls)),
        *("--target-path", folder, "--log-path", folder),
        cwd=ROOT,
        env={**environment_without_settings(), **places},
    )
    assert compiled.returncode == 0, compiled.stdout
    return compiled.stdout.split("\x1e")
