"""A command of the project as an Airflow task, in a process of its own."""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from airflow.providers.standard.hooks.subprocess import SubprocessHook, SubprocessResult
from airflow.sdk import Asset, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from dbt_project.environment import AirflowSettings
from dbt_project.orchestration.secrets import secrets_of_connections

RUN_FOLDERS_KEPT = 10


class Command(BaseOperator):
    """Runs a command at the root of the repository; what it says last is why it failed.

    Parameters
    ----------
    command
        ``dbt ...`` or ``python -m ...``, as one would type it there.
    project
        Root of the repository.
    places
        Environment variables that say where things are. With ``WAREHOUSE_DIR`` among them, the
        run has a folder there for dbt's target and log.
    assets
        URIs of the assets that the command has renewed when it has succeeded; for tasks that are
        mapped, whose outlets are the same for all of them, together with an `AssetAlias` as outlet.
    city
        Name of the city, where a DAG is mapped over several; templates know it as ``task.city``.
    """

    # In this order: what comes later may name the city.
    template_fields: Sequence[str] = ("city", "command", "places", "assets")
    template_fields_renderers: ClassVar[dict[str, str]] = {"command": "bash", "places": "json"}
    ui_color = "#ffe3d5"

    def __init__(
        self,
        *,
        command: str,
        project: str,
        places: dict[str, str],
        assets: Sequence[str] = (),
        city: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.assets = list(assets)
        self.command = command
        self.project = project
        self.places = places
        self.city = city

    def execute(self, context: Any) -> None:
        environment = self.environment() | self.folders_of_run(context)
        self.check(self.run_command(self.command, environment))
        for uri in self.assets:
            context["outlet_events"][self.outlets[0]].add(Asset(uri))

    @cached_property
    def subprocess_hook(self) -> SubprocessHook:
        return SubprocessHook()

    def run_command(self, command: str, environment: dict[str, str]) -> SubprocessResult:
        """Run a command to its end."""
        program, *arguments = shlex.split(command)
        dbt = dbt_executable()
        executable = dbt if program == "dbt" else str(Path(dbt).with_name(program))
        return self.subprocess_hook.run_command(
            [executable, *arguments], env=environment, cwd=self.project
        )

    def check(self, result: SubprocessResult) -> None:
        """Fail the task with the last line, if the command has failed."""
        if result.exit_code:
            said = result.output.removeprefix("Error: ")
            raise AirflowException(f"{said} (exit status {result.exit_code})")

    def environment(self) -> dict[str, str]:
        """What the command needs; Airflow's own settings, which hold secrets, are not for it."""
        inherited = {
            n: v for n, v in os.environ.items() if not n.startswith(("AIRFLOW", "_AIRFLOW"))
        }
        return {**inherited, **self.places, **secrets_of_connections(), "DBT_USE_COLORS": "false"}

    def folders_of_run(self, context: Any) -> dict[str, str]:
        """Where dbt puts its own files of this run: a folder in that of the warehouse."""
        if "WAREHOUSE_DIR" not in self.places:
            return {}
        runs = Path(self.places["WAREHOUSE_DIR"]) / "runs"
        folder = own_folder(runs, f"{self.dag_id}__{context['run_id']}")
        return {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}

    def on_kill(self) -> None:
        self.subprocess_hook.send_sigterm()


def own_folder(runs: Path, run: str) -> Path:
    """Make the folder of a run, and remove those of all but the latest runs."""
    folder = runs / re.sub(r"[^\w.+-]", "_", run)
    folder.mkdir(parents=True, exist_ok=True)
    folder.touch()
    latest_first = sorted(runs.iterdir(), key=lambda run: run.stat().st_mtime, reverse=True)
    for old in latest_first[RUN_FOLDERS_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def dbt_executable() -> str:
    """``DBT_EXECUTABLE``, else the dbt that is installed beside Airflow, else that of the PATH."""
    beside = Path(sys.executable).with_name("dbt")
    named = AirflowSettings.read().dbt_executable
    candidate = named or (str(beside) if beside.exists() else "dbt")
    executable = shutil.which(candidate)
    if executable is None:
        raise AirflowFailException(
            f"{candidate} is not installed here: set DBT_EXECUTABLE to the path of dbt"
        )
    return executable
