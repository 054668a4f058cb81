"""An environment variable that cannot be used is refused in one line that names it."""

import re
from pathlib import Path

import pytest
from support.workplace import EMBEDDED_LAKE, ROOT

from dbt_project.settings import environment
from dbt_project.settings.environment import (
    AirflowSettings,
    BuildSettings,
    CitySettings,
    EnvironmentSettings,
    LakehouseSettings,
    LakeSettings,
    LanguageModelSettings,
    MailSettings,
    S3Settings,
    WarehouseSettings,
    WebhookSettings,
)

SETTINGS = {
    field.alias: field
    for model in EnvironmentSettings.__subclasses__()
    for field in model.model_fields.values()
}
# Switches on what a night's build does not run; only dbt_project.yml knows it.
OF_DEVELOPERS = {"RUN_UNIT_TESTS"}


@pytest.mark.parametrize(
    ("model", "name", "value", "message"),
    [
        (LakeSettings, "LAKE_URL", "", "must be a folder or s3://bucket[/prefix], not ''"),
        (WarehouseSettings, "WAREHOUSE_DIR", "", "must be a folder of this machine"),
        (WarehouseSettings, "PUBLISH_URL", "out", "must be s3://bucket[/prefix], not 'out'"),
        (LakehouseSettings, "LAKEHOUSE_CATALOG", "mysql:db", "must be postgres:host=... dbname="),
        (BuildSettings, "WAREHOUSE_MEMORY_LIMIT", "a lot", "must be a size as 4GB, not 'a lot'"),
        (BuildSettings, "WAREHOUSE_SPILL_LIMIT", "50", "must be a size as 4GB, not '50'"),
        (BuildSettings, "WAREHOUSE_WAIT_SECONDS", "-1", "must be a whole number from 0, not '-1'"),
        (S3Settings, "LAKE_TIMEOUT_SECONDS", "0", "must be a whole number from 1, not '0'"),
        (S3Settings, "AWS_ENDPOINT_URL_S3", "s3.example", "must be http://host[:port] or https://"),
        (CitySettings, "QUEUE_PER_CITY", "maybe", "must be true or false, not 'maybe'"),
        (CitySettings, "CITIES", "Leith", "must be names and time zones, as 'Glasgow=Europe/Lon"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    model: type[EnvironmentSettings], name: str, value: str, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{name} {message}")) as refused:
        model.read({name: value})
    assert "\n" not in str(refused.value)


def test_what_is_empty_and_no_place_is_not_set() -> None:
    for model in (S3Settings, LanguageModelSettings, AirflowSettings, CitySettings):
        nothing = {str(field.alias): " " for field in model.model_fields.values()}
        assert model.read(nothing) == model.read({})


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (LakeSettings, "LAKE_URL"),
        (WarehouseSettings, "PUBLISH_URL"),
        (LakehouseSettings, "LAKEHOUSE_CATALOG"),
        (S3Settings, "AWS_ENDPOINT_URL"),
    ],
)
def test_the_password_in_an_address_is_not_repeated(
    model: type[EnvironmentSettings], name: str
) -> None:
    with pytest.raises(ValueError, match=name) as refused:
        model.read({name: "https://user:secret-of-the-test@host/x"})
    for error in (refused.value, refused.value.__cause__, refused.value.__context__):
        assert "secret" not in repr(error)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (LanguageModelSettings, "OPENAI_API_KEY"),
        (LanguageModelSettings, "OPENAI_BASE_URL"),
        (MailSettings, "SMTP_PASSWORD"),
        (AirflowSettings, "ALERT_WEBHOOK_URL"),
        (WebhookSettings, "REPORT_WEBHOOK_URL"),
    ],
)
def test_secrets_are_not_shown(model: type[EnvironmentSettings], name: str) -> None:
    secret = "https://host/secret-of-the-test"
    settings = model.read({"SMTP_HOST": "mail", name: secret})
    assert getattr(settings, name.lower()) == secret
    assert "secret" not in repr(settings)


def test_what_has_to_be_set_is_named() -> None:
    with pytest.raises(ValueError, match=r"^LAKEHOUSE_DATA_URL is not set$"):
        LakehouseSettings.read({"LAKEHOUSE_CATALOG": "sqlite:catalog.sqlite"})


def test_exports_go_to_the_lake_if_nothing_else_is_said() -> None:
    settings = LakeSettings.read({"LAKE_URL": "s3://rides/raw/"})
    assert settings.lake_output_url == settings.lake_url
    assert settings.lake_url.text == "s3://rides/raw"


@pytest.mark.parametrize(
    ("environ", "output"),
    [
        ({}, "output"),
        ({"LAKE_URL": "lake"}, "output"),
        ({"LAKE_URL": "./lake/"}, "output"),
        ({"LAKE_URL": str(EMBEDDED_LAKE)}, "output"),
        ({"LAKE_URL": "lake/leith"}, "lake/leith"),
        ({"LAKE_URL": "s3://lake"}, "s3://lake"),
        ({"LAKE_URL": "lake", "LAKE_OUTPUT_URL": "lake"}, "lake"),
    ],
)
def test_exports_of_the_embedded_lake_go_to_a_folder_of_their_own(
    environ: dict[str, str], output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert LakeSettings.read(environ).lake_output_url.text == output


def code_of_the_product() -> dict[Path, str]:
    files = [
        file
        for folder in ("dbt_project", "python_models", "dags", "models", "macros")
        for pattern in ("*.py", "*.sql", "*.yml")
        for file in (ROOT / folder).rglob(pattern)
    ]
    return {file: file.read_text() for file in [*files, *ROOT.glob("*.yml")]}


def test_no_other_code_reads_a_variable_by_its_name() -> None:
    reading = re.compile(r"""getenv|environ(?:\.get\(|\.pop\(|\[)(?!["']PATH["'])""")
    readers = [file.name for file, code in code_of_the_product().items() if reading.search(code)]
    assert readers == [Path(environment.__file__).name]


def test_what_dbt_renders_itself_is_checked_and_has_the_same_default() -> None:
    rendered = [
        found
        for code in code_of_the_product().values()
        for found in re.findall(r"env_var\('(\w+)', (?:flags\.PROFILES_DIR ~ '/)?'?([^')]*)", code)
        if found[0] not in OF_DEVELOPERS
    ]
    assert {"LAKE_URL", "WAREHOUSE_DIR", "WAREHOUSE_MEMORY_LIMIT"} <= {name for name, _ in rendered}
    for name, default in rendered:
        if default:
            setting = SETTINGS[name]  # a folder of the project is told by its example
            assert default == str((setting.examples or [setting.default])[0]), name
