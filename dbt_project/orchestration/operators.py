"""The project's commands as Airflow tasks, each in a process of its own."""

import fcntl
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from airflow.providers.standard.hooks.subprocess import SubprocessHook, SubprocessResult
from airflow.sdk import Asset, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from dbt_project.orchestration.mistakes import fail_at_once, forget_earlier_try, is_mistake
from dbt_project.orchestration.secrets import secrets_of_connections
from dbt_project.settings.environment import AirflowSettings

RUN_FOLDERS_KEPT = 10


class Command(BaseOperator):
    """Runs a command at the root of the repository. If it fails, its last line says why.

    Parameters
    ----------
    command
        ``dbt ...`` or ``python -m ...``, as you would type it there.
    project
        Root of the repository.
    places
        Environment variables that say where things are. With ``WAREHOUSE_DIR`` among them, the
        run has a folder there for dbt's target and log.
    assets
        URIs of the assets that the command renews. For mapped tasks, which all share their outlets;
        they need an `AssetAlias` as outlet.
    city
        Name of the city, if a DAG is mapped over several. Templates use it as ``task.city``.
    """

    # The order matters: later templates may name the city.
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
        self.check(self.run_command(self.command, environment), environment)
        for uri in self.assets:
            context["outlet_events"][self.outlets[0]].add(Asset(uri))

    @cached_property
    def subprocess_hook(self) -> SubprocessHook:
        return SubprocessHook()

    def run_command(self, command: str, environment: dict[str, str]) -> SubprocessResult:
        """Run a command to its end."""
        if target := environment.get("DBT_TARGET_PATH"):
            forget_earlier_try(Path(target))
        program, *arguments = shlex.split(command)
        dbt = dbt_executable()
        executable = dbt if program == "dbt" else str(Path(dbt).with_name(program))
        return self.subprocess_hook.run_command(
            [executable, *arguments], env=environment, cwd=self.project
        )

    def check(self, result: SubprocessResult, environment: Mapping[str, str]) -> None:
        """Fail the task with the last line, if the command has failed.

        A mistake fails it at once. Trouble that may pass by itself is retried.
        """
        if not result.exit_code:
            return
        message = f"{result.output.removeprefix('Error: ')} (exit status {result.exit_code})"
        target = environment.get("DBT_TARGET_PATH")
        is_one_build = self.command.startswith("dbt ")  # a backfill continues with other days
        if is_one_build and target and is_mistake(result.output, Path(target)):
            fail_at_once(message)
        raise AirflowException(message)

    def environment(self) -> dict[str, str]:
        """Return the command's environment, without Airflow's own settings and their secrets."""
        inherited = {
            n: v for n, v in os.environ.items() if not n.startswith(("AIRFLOW", "_AIRFLOW"))
        }
        return {**inherited, **self.places, **secrets_of_connections(), "DBT_USE_COLORS": "false"}

    def folders_of_run(self, context: Any) -> dict[str, str]:
        """The folder for dbt's own files of this run, in the warehouse's folder."""
        if "WAREHOUSE_DIR" not in self.places:
            return {}
        runs = Path(self.places["WAREHOUSE_DIR"]) / "runs"
        folder = own_folder(runs, f"{self.dag_id}__{context['run_id']}")
        return {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}

    def on_kill(self) -> None:
        self.subprocess_hook.send_sigterm()


def own_folder(runs: Path, run: str) -> Path:
    """Make the folder of a run, and remove the folders of all but the latest runs."""
    folder = runs / re.sub(r"[^\w.+-]", "_", run)
    folder.mkdir(parents=True, exist_ok=True)
    folder.touch()
    latest_first = sorted(runs.iterdir(), key=lambda run: run.stat().st_mtime, reverse=True)
    for old in latest_first[RUN_FOLDERS_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def dbt_executable() -> str:
    """Return ``DBT_EXECUTABLE``, else the dbt installed beside Airflow, else the one in PATH."""
    beside = Path(sys.executable).with_name("dbt")
    named = AirflowSettings.read().dbt_executable
    candidate = named or (str(beside) if beside.exists() else "dbt")
    executable = shutil.which(candidate)
    if executable is None:
        raise AirflowFailException(
            f"{candidate} is not installed here: set DBT_EXECUTABLE to the path of dbt"
        )
    return executable


BUILD_ALL = "build all of it"  # dbt_project/plugin/working_day.py


class DbtBuild(Command):
    """Runs dbt over a part of the graph, alone in the warehouse's folder.

    Parameters
    ----------
    whole_command
        The same for the whole graph. It runs instead if another command has come between the two
        parts, so that the first part's tables hold another day or are no longer whole.
    **options
        The options of any `Command`. Its places must have ``WAREHOUSE_DIR``.
    """

    template_fields = (*Command.template_fields, "whole_command")
    template_fields_renderers = Command.template_fields_renderers | {"whole_command": "bash"}

    def __init__(self, *, whole_command: str, **options: Any) -> None:
        super().__init__(**options)
        self.whole_command = whole_command

    def execute(self, context: Any) -> None:
        folder = Path(self.places["WAREHOUSE_DIR"])
        folder.mkdir(parents=True, exist_ok=True)
        with self._alone_in(folder):
            environment = self.environment() | self.folders_of_run(context)
            result = self.run_command(self.command, environment)
            if result.exit_code and BUILD_ALL in result.output:
                self.log.info("What the first part left is not there: building all of the day")
                result = self.run_command(self.whole_command, environment)
        self.check(result, environment)

    @contextmanager
    def _alone_in(self, folder: Path) -> Iterator[None]:
        """Wait for another task that builds in this warehouse: runs of a backfill may overlap."""
        with (folder / "airflow.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.log.info("Waiting for another task that builds in %s", folder)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class SendReport(Command):
    """Sends the report of a day that was built, with the settings of `SMTP_HOST` and the others.

    Its command is ``python -m dbt_project.send_report``.
    """

    ui_color = "#f0ede4"

    def execute(self, context: Any) -> None:
        if context["dag_run"].run_type == "backfill":
            self.log.info("Nothing is sent of a backfill: its days are long known")
            return
        environment = self.environment()
        self.check(self.run_command(self.command, environment), environment)
