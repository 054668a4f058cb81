"""Write the reference of all settings from their definitions.

Run ``python -m dbt_project.settings.reference > docs/configuration.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dbt_project.settings.environment import (
    AirflowSettings,
    BuildSettings,
    CitySettings,
    DbtSettings,
    EnvironmentSettings,
    LakehouseSettings,
    LakeSettings,
    LanguageModelSettings,
    MailSettings,
    S3Settings,
    WarehouseSettings,
    WebhookSettings,
)
from dbt_project.settings.summaries import (
    Allowance,
    Budget,
    ItemsTemplate,
    Limits,
    Model,
    Prices,
    Template,
)
from dbt_project.settings.variables import PROJECT_FILE, Variables

HEAD = """# Settings

| you want to set | use |
| --- | --- |
| where things are | [environment variables](#environment-variables) |
| how Airflow runs | [environment variables of Airflow](#airflow) |
| how a day is built | [variables of dbt](#variables) |
| what language models are asked | [a file of its own](#summaries) |

If a build cannot use a value, it says so in one line before it writes anything.

This page is generated from the definitions:
`python -m dbt_project.settings.reference > docs/configuration.md`.
"""
ENVIRONMENT = """## Environment variables

A relative folder that you set is relative to where you start the command. Defaults are relative to
the root of the repository, wherever you start `dbt build --project-dir REPOSITORY --profiles-dir
REPOSITORY`. AWS's own variables for keys, profile and role also apply, because botocore's
credential chain finds the keys.
"""
AIRFLOW = """## Airflow

Set these on every Airflow component, with the same values, in addition to those above.
"""
OF_A_BUILD: Sequence[type[EnvironmentSettings]] = (
    LakeSettings,
    WarehouseSettings,
    LakehouseSettings,
    BuildSettings,
    S3Settings,
    LanguageModelSettings,
    MailSettings,
    WebhookSettings,
    DbtSettings,
)
OF_AIRFLOW: Sequence[type[EnvironmentSettings]] = (AirflowSettings, CitySettings)
VARIABLES = """## Variables

Set these in `dbt_project.yml` under `vars`, or for one build:

    dbt build --vars '{date: 20230501, city: Leith}'

You can set two more only in `--vars`:

| variable | meaning |
| --- | --- |
| `date` | The day: `20230501` or `2023-05-01`. |
| `summaries_file` | A file to use instead of `dbt_project/summaries.yml`. |

Write `date` without hyphens, or in quotes. dbt's YAML reads a day with hyphens and without quotes
itself. If there is no such day, dbt ends in a traceback of its own. `date: 20230230`, `date:
"2023-02-30"` and `make build DATE=2023-02-30` are refused in one line.
"""
SUMMARIES = """## Summaries

Set these in `dbt_project/summaries.yml`. Its comments explain them, and [Summaries](summaries.md)
says how they work together.
"""
LIMITS = {
    "exclusiveMinimum": "above {}",
    "minimum": "{} or more",
    "maximum": "{} or less",
    "minLength": "at least {} character",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
}
SUMMARY_PARTS: dict[str, type[BaseModel]] = {
    "template": Template,
    "items_template": ItemsTemplate,
    "models[]": Model,
    "models[].usd_per_million_tokens": Prices,
    "limits": Limits,
    "budget": Budget,
    "budget.day, budget.month": Allowance,
}


def expected(schema: dict[str, Any]) -> str:
    """Say in words which values a JSON schema accepts."""
    if "anyOf" in schema:
        return " or ".join(expected(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "$ref" in schema:
        return "see below"
    kind = {"integer": "whole number", "string": "text", "array": "list", "object": "mapping"}
    words = [kind.get(schema.get("type", ""), schema.get("type", "any"))]
    if "enum" in schema.get("items", {}):
        words = [f"list of {expected(schema['items'])}"]
    words += [text.format(f"{schema[key]:g}") for key, text in LIMITS.items() if key in schema]
    return ", ".join(words)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def environment_table(models: Iterable[type[EnvironmentSettings]]) -> str:
    """Return the environment variables with their defaults."""
    rows = (
        [f"`{field.alias}`", field.description or "", _value(field)]
        for model in models
        for field in model.model_fields.values()
    )
    return table(["variable", "meaning", "default"], rows)


def _value(field: FieldInfo) -> str:
    if field.examples:
        return f"`{field.examples[0]}`"
    if field.is_required() or field.default_factory or field.default in (None, "", {}):
        return "not set"
    return f"`{str(field.default).lower() if field.default is False else field.default}`"


def variables_table() -> str:
    """The variables of dbt with their values in the project's file."""
    defaults = yaml.safe_load(PROJECT_FILE.read_text(encoding="utf-8"))["vars"]
    fields = Variables.model_json_schema()["properties"]
    rows = (
        [f"`{name}`", one["description"], expected(one), f"`{defaults[name]}`"]
        for name, one in fields.items()
    )
    return table(["variable", "meaning", "expected", "default"], rows)


def summaries_table() -> str:
    """The settings of summaries."""
    rows = (
        [f"`{name}`", part, expected(one), _default(one)]
        for part, model in SUMMARY_PARTS.items()
        for name, one in model.model_json_schema()["properties"].items()
        if "$ref" not in one and one.get("default") != {}
    )
    return table(["setting", "in", "expected", "default"], rows)


def _default(schema: dict[str, Any]) -> str:
    if "default" not in schema:
        return "none, you must set it"
    return "none" if schema["default"] is None else f"`{schema['default']}`"


def reference() -> str:
    """The whole page."""
    parts = [
        HEAD,
        ENVIRONMENT,
        environment_table(OF_A_BUILD),
        AIRFLOW,
        environment_table(OF_AIRFLOW),
        VARIABLES,
        variables_table(),
        SUMMARIES,
        summaries_table(),
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    print(reference(), end="")
