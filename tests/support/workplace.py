"""The real command on real files, as the tests run it."""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.warm_python import run_dbt_of_project, run_script

from dbt_project.lakehouse.city import CityOfLakehouse
from dbt_project.lakehouse.place import Lakehouse
from dbt_project.published import Published
from dbt_project.warehouse.file import WarehouseFile

ROOT = Path(__file__).resolve().parents[2]
EMBEDDED_LAKE = ROOT / "lake"
EMBEDDED_DAY = sorted(EMBEDDED_LAKE.glob("*-20230501.json"))
DBT = Path(sys.executable).with_name("dbt")
MARTS = {
    "rides",
    "anomalous_rides",
    "rejected_rides",
    "ride_contexts",
    "ride_circumstances",
    "incidents",
    "weather_hours",
    "ride_verdicts",
    "rejected_verdicts",
    "verdict_precision",
    "circumstance_counts",
    "circumstance_effects",
    "area_days",
    "context_summaries",
    "daily_reports",
}
# What a developer may have set must not reach the builds that tests run.
SETTINGS = (
    "LAKE_",
    "LAKEHOUSE_",
    "PG",
    "WAREHOUSE_",
    "OPENAI_",
    "AWS_",
    "CITIES",
    "DBT_EXECUTABLE",
    "ALERT_WEBHOOK_URL",
    "LLM_CONNECTION",
)


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass
class Build:
    """One run of ``dbt build``, and where its results are."""

    completed: subprocess.CompletedProcess[str]
    lake: Path
    warehouse: Path
    published: Published

    @property
    def output(self) -> str:
        return self.completed.stdout + self.completed.stderr

    @property
    def last_line(self) -> str:
        return self.output.rstrip().splitlines()[-1]

    def export(self, name: str, date: str) -> list[dict[str, Any]]:
        return read_strict_json(self.lake / f"{name}_{date}.json")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.published.connect() as connection:
            return connection.execute(sql).fetchall()


def read_strict_json(path: Path) -> Any:
    """Parse JSON as the standard has it: Python's reader takes NaN too unless told otherwise."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def hashes(folder: Path) -> dict[str, str]:
    """Hash every file of a folder."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.is_file()
    }


def copy_embedded_day(lake: Path) -> None:
    """Make a lake with the embedded day, and with nothing that somebody has added to its folder."""
    lake.mkdir(parents=True)
    for file in EMBEDDED_DAY:
        shutil.copy(file, lake)


def environment_without_settings() -> dict[str, str]:
    """The environment that the tests inherited, without what a developer may have set."""
    return {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}


def project_with_rule(folder: Path, sql: str) -> Path:
    """A copy of the project that has one more test."""
    ignored = shutil.ignore_patterns("*.py", "__pycache__")
    for name in ("models", "macros", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("python_models", "dbt_project"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "tests" / "assert_another_rule.sql").write_text(sql)
    return folder


class Workplace:
    """A lake and a warehouse of a test's own."""

    has_lakehouse = False  # --lakehouse

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lake = folder / "lake"
        self.warehouse = folder / "warehouse"
        self.project = ROOT

    def fill_with_embedded_day(self) -> "Workplace":
        copy_embedded_day(self.lake)
        return self

    def fill_with_copy_of(self, build: Build) -> "Workplace":
        """Take over the lake and the warehouse that a build has left."""
        shutil.copytree(build.lake, self.lake)
        shutil.copytree(build.warehouse, self.warehouse)
        if self.has_lakehouse:
            shutil.copytree(build.lake.parent / "lakehouse", self.folder / "lakehouse")
            with sqlite3.connect(self.folder / "lakehouse" / "catalog.sqlite") as catalog:
                catalog.execute(  # it holds its own path
                    "UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path'",
                    [f"{self.folder}/lakehouse/"],
                )
        return self

    def write(self, name: str, records: list[Any]) -> None:
        self.lake.mkdir(exist_ok=True)
        (self.lake / name).write_text(json.dumps(records), encoding="utf-8")

    def simulate(self, date: str, *options: str) -> None:
        command = [sys.executable, "-m", "dbt_project.simulate", "--date", date]
        places = ["--lake", str(self.lake), "--truth", str(self.folder / "truth")]
        subprocess.run([*command, *places, *options], cwd=ROOT, check=True, capture_output=True)

    def build(self, variables: str, *options: str, **environment: str) -> Build:
        """Run ``dbt build --vars VARIABLES`` at the root of the repository, or of a copy of it."""
        command = ("build", "--vars", variables, *options)
        if not self._is_as_it_comes(variables, environment):
            return self.dbt(*command, **environment)
        return self._run(run_dbt_of_project, command, environment)

    def _is_as_it_comes(self, variables: str, environment: dict[str, str]) -> bool:
        """Whether dbt reads for a build what it reads for every other day of the project."""
        is_of_a_date = re.fullmatch(r"date: \d{8}", variables) is not None
        return self.project == ROOT and is_of_a_date and "RUN_UNIT_TESTS" not in environment

    def dbt(self, *command: str, **environment: str) -> Build:
        """Run any command of dbt."""
        return self._run(run_script, command, environment)

    def _run(self, run: Run, command: tuple[str, ...], environment: dict[str, str]) -> Build:
        completed = run(
            DBT,
            *command,
            *self.places_of_dbt(),
            cwd=self.project,
            env=self.environment(**environment),
        )
        return Build(completed, self.lake, self.warehouse, self.published())

    def published(self) -> Published:
        """Where builds of this workplace bring their days."""
        if self.has_lakehouse:
            return CityOfLakehouse(Lakehouse.of_environment(self._lakehouse()), "glasgow")
        return WarehouseFile(self.warehouse / "taxi.duckdb")

    def _lakehouse(self) -> dict[str, str]:
        if not self.has_lakehouse:
            return {}
        return {
            "LAKEHOUSE_CATALOG": f"sqlite:{self.folder}/lakehouse/catalog.sqlite",
            "LAKEHOUSE_DATA_URL": f"{self.folder}/lakehouse",
        }

    def arguments(self, variables: str, *options: str) -> list[str | Path]:
        """The arguments of dbt for a build of this workplace."""
        return ["build", "--vars", variables, *options, *self.places_of_dbt()]

    def places_of_dbt(self) -> list[str | Path]:
        """Options that say where dbt puts its own files."""
        return ["--target-path", self.folder / "target", "--log-path", self.folder / "logs"]

    def environment(self, **environment: str) -> dict[str, str]:
        """The environment of a build: what the tests inherited, without settings, and these."""
        places = {"LAKE_URL": str(self.lake), "WAREHOUSE_DIR": str(self.warehouse)}
        return {**environment_without_settings(), **places, **self._lakehouse(), **environment}

    def build_day(self, date: str, *options: str, **environment: str) -> Build:
        """Build a day that is expected to succeed."""
        build = self.build(f"date: {date}", *options, **environment)
        assert build.completed.returncode == 0, build.output
        return build
