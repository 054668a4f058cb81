"""One `dbt build` as an Airflow task."""

import fcntl
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from airflow.providers.standard.hooks.subprocess import SubprocessHook, SubprocessResult
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from dbt_project.environment import AirflowSettings
from dbt_project.orchestration.secrets import secrets_of_connections

RUN_FOLDERS_KEPT = 10
OTHER_DAY = "the working tables hold"  # macros/working_day.sql


class DbtBuild(BaseOperator):
    """Runs dbt in a process of its own, with folders of the run for its target and its log.

    Parameters
    ----------
    command
        ``dbt ...``, as one would type it at the root of the repository.
    whole_command
        The same for all of the graph: run instead when the first part's tables hold another day,
        because another run of the DAG came between the two parts.
    project
        Root of the repository.
    places
        Environment variables that say where lake and warehouse are.
    """

    template_fields = ("command", "whole_command")
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "command": "bash",
        "whole_command": "bash",
    }
    ui_color = "#ffe3d5"

    def __init__(
        self,
        *,
        command: str,
        whole_command: str,
        project: str,
        places: dict[str, str],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.command = command
        self.whole_command = whole_command
        self.project = project
        self.places = places

    def execute(self, context: Any) -> None:
        folder = Path(self.places["WAREHOUSE_DIR"])
        folder.mkdir(parents=True, exist_ok=True)
        with self._alone_in(folder):
            environment = self._environment(own_folder(folder / "runs", context["run_id"]))
            result = self._run(self.command, environment)
            if result.exit_code and OTHER_DAY in result.output:
                self.log.info("Another day was built in between: building all of this one")
                result = self._run(self.whole_command, environment)
        if result.exit_code:
            raise AirflowException(
                f"{result.output.removeprefix('Error: ')} (dbt's exit status {result.exit_code})"
            )

    @cached_property
    def subprocess_hook(self) -> SubprocessHook:
        return SubprocessHook()

    def _run(self, command: str, environment: dict[str, str]) -> SubprocessResult:
        _, *arguments = shlex.split(command)
        return self.subprocess_hook.run_command(
            [dbt_executable(), *arguments], env=environment, cwd=self.project
        )

    def _environment(self, run_folder: Path) -> dict[str, str]:
        return {
            **environment_at(self.places),
            **secrets_of_connections(),
            "DBT_TARGET_PATH": str(run_folder / "target"),
            "DBT_LOG_PATH": str(run_folder / "logs"),
            "DBT_USE_COLORS": "false",
        }

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

    def on_kill(self) -> None:
        self.subprocess_hook.send_sigterm()


def own_folder(runs: Path, run_id: str) -> Path:
    """Make the folder of a run, and remove those of all but the latest runs."""
    folder = runs / re.sub(r"[^\w.+-]", "_", run_id)
    folder.mkdir(parents=True, exist_ok=True)
    folder.touch()
    latest_first = sorted(runs.iterdir(), key=lambda run: run.stat().st_mtime, reverse=True)
    for old in latest_first[RUN_FOLDERS_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def environment_at(places: dict[str, str]) -> dict[str, str]:
    """What a subprocess inherits, with other places; Airflow's own settings hold secrets."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("AIRFLOW", "_AIRFLOW"))}
    return {**inherited, **places}


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
